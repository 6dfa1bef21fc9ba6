package stream_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/mcu/stream"
)

// TestOnlyLocal sends to a socket of this machine by each device: what comes by loopback arrives,
// and what comes by another does not. A multicast packet comes back by the device that it left by.
func TestOnlyLocal(t *testing.T) {
	devices, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	tried := false
	for _, device := range devices {
		if device.Flags&net.FlagUp == 0 || device.Flags&net.FlagLoopback == 0 && device.Flags&net.FlagMulticast == 0 {
			continue
		}
		local := device.Flags&net.FlagLoopback != 0
		for _, filtered := range []bool{false, true} {
			wanted := local || !filtered
			if err := arrives(t, &device, filtered, wanted); errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENETUNREACH) {
				t.Logf("%s: %v", device.Name, err)
			} else if (err == nil) != wanted {
				t.Errorf("%s, filtered: %t: %v", device.Name, filtered, err)
			} else {
				tried = tried || !local
			}
		}
	}
	if !tried {
		t.Skip("the machine has no other device that takes multicast packets")
	}
}

// arrives sends a multicast packet by a device. It returns an error that wraps
// os.ErrDeadlineExceeded if the packet does not come back. One that is wanted it waits for on a busy machine too;
// that none comes has no event.
func arrives(t *testing.T, device *net.Interface, filtered, wanted bool) error {
	t.Helper()
	var config net.ListenConfig
	if filtered {
		config.Control = stream.OnlyLocal
	}
	group := unix.IPMreqn{Multiaddr: [4]byte{224, 0, 0, 251}, Ifindex: int32(device.Index)}
	socket, err := config.ListenPacket(t.Context(), "udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	udp := socket.(*net.UDPConn)
	raw, err := udp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	_ = raw.Control(func(fd uintptr) {
		failed = errors.Join(unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &group),
			unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &group))
	})
	if failed != nil {
		return failed
	}
	port := udp.LocalAddr().(*net.UDPAddr).Port
	if _, err := udp.WriteTo([]byte{1}, &net.UDPAddr{IP: group.Multiaddr[:], Port: port}); err != nil {
		return err
	}
	patience := 300 * time.Millisecond
	if wanted {
		patience = 20 * time.Second
	}
	_ = udp.SetReadDeadline(time.Now().Add(patience))
	_, err = udp.Read(make([]byte, 1))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return err
}
