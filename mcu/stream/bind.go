package stream

import (
	"errors"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// loopback is the index of the loopback device, in every network namespace.
	loopback = 1
	// deviceOffset is where a filter finds the index of a packet's device: SKF_AD_OFF + SKF_AD_IFINDEX
	// of linux/filter.h.
	deviceOffset = -0x1000&math.MaxUint32 + 8
)

// OnlyLocal is a net.ListenConfig's Control that lets programs of this machine alone reach a
// socket, by whichever address of the machine: the kernel drops all that did not come by the
// loopback device, which carries what a machine sends to itself. Binding to that device is not
// enough, because Linux then takes such packets for ones of the device that has the address.
func OnlyLocal(_, _ string, c syscall.RawConn) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: deviceOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: loopback},
		{Code: unix.BPF_RET | unix.BPF_K, K: math.MaxUint32}, // the whole packet
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	return control(c, func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
}

// early is a Control that lets a socket be bound to an address that is not ready yet, as an IPv6
// address is not for the first two seconds (RFC 4862 §5.4).
func early(network, _ string, c syscall.RawConn) error {
	level, option := unix.IPPROTO_IP, unix.IP_FREEBIND
	if network == "tcp6" {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_FREEBIND
	}
	return control(c, func(fd int) error { return unix.SetsockoptInt(fd, level, option, 1) })
}

func control(c syscall.RawConn, set func(fd int) error) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = set(int(fd)) })
	return errors.Join(err, failed)
}
