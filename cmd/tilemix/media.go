package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// placeMedia decides on which addresses media is received, and logs it. Without --media-listen
// media follows the HTTP listener, because an operator who names an address expects the server
// there and nowhere else. A proxy's clients do not use that address, so their media needs all.
func placeMedia(s *settings, listener net.Addr, log *slog.Logger) {
	warnOfPasswords(s.ICEServers, log)
	at, local, reason := mediaAddresses(s, listener)
	if local {
		if err := canBeLocal(); err != nil {
			local = false
			log.Warn("media listens on all addresses, because the system refuses to bind it to this machine", "reason", err)
		}
	}
	s.MediaListen, s.MediaLocal = at, local
	switch {
	case local:
		log.Info("media listens for programs of this machine only", "reason", reason)
	case len(at) == 0:
		log.Info("media listens on all addresses", "reason", reason)
	default:
		log.Info("media listens", "addresses", at, "reason", reason)
	}
}

// mediaAddresses returns those of media, none for all, and whether only programs of this machine
// reach them. A server on loopback still needs all addresses, because Firefox makes no connection
// to a loopback address.
func mediaAddresses(s *settings, listener net.Addr) (at []netip.Addr, local bool, reason string) {
	if len(s.MediaListen) > 0 {
		for _, ip := range s.MediaListen {
			if ip.IsUnspecified() {
				return nil, false, "--media-listen"
			}
			if ip = ip.Unmap(); !slices.Contains(at, ip) {
				at = append(at, ip)
			}
		}
		return at, false, "--media-listen"
	}
	tcp, ok := listener.(*net.TCPAddr)
	switch {
	case !ok || tcp.IP.IsUnspecified():
		return nil, false, "--listen"
	case !udp.Usable(tcp.IP):
		return nil, false, "--listen names a link-local address, which ICE cannot use"
	case len(s.TrustedProxies) > 0 || s.PathPrefix != "":
		return nil, false, "clients come through a proxy"
	case tcp.IP.IsLoopback() && (len(s.Hosts) > 0 || len(s.PublicIPs) > 0):
		return nil, false, "--host and --public-ip are for clients of other machines"
	case tcp.IP.IsLoopback():
		return nil, true, "--listen"
	}
	ip, _ := netip.AddrFromSlice(tcp.IP)
	return []netip.Addr{ip.Unmap()}, false, "--listen"
}

// canBeLocal returns why the system cannot keep other machines from a socket.
func canBeLocal() error {
	config := net.ListenConfig{Control: stream.OnlyLocal}
	socket, err := config.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return socket.Close()
}
