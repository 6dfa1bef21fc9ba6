package udp

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// maxNews is the longest message of the kernel that is read, in bytes.
const maxNews = 64 << 10

// Watch sends to news when addresses of the machine have come or gone, until ctx ends (rtnetlink).
// News that nobody has taken yet are not repeated. Where the kernel refuses, Watch only waits.
func Watch(ctx context.Context, news chan<- struct{}) {
	socket, err := listenRoutes()
	if err != nil {
		<-ctx.Done()
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer stop()
	defer socket.Close()
	b := make([]byte, maxNews)
	for ctx.Err() == nil {
		// An overrun is an error too, and news all the same.
		if _, err := socket.Read(b); err != nil && ctx.Err() == nil && !errors.Is(err, unix.ENOBUFS) {
			<-ctx.Done()
			return
		}
		select {
		case news <- struct{}{}:
		default:
		}
	}
}

// listenRoutes opens a socket to which the kernel sends changes of addresses.
func listenRoutes() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	groups := uint32(unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "rtnetlink"), nil
}
