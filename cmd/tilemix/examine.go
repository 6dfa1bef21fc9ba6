package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/cmd/tilemix/doctor"
	"tilemix/mcu/turn"
)

// probeTime (5 s) is the time for a STUN or TURN server to answer.
const probeTime = 5 * time.Second

// examine looks at what is between a server with these settings and its clients.
func examine(s *settings, m *doctor.Machine) {
	m.Ports, m.Relays = openPorts(s), askRelays(s.ICEServers)
	m.Certificate = lookAtCertificate(s)
	m.Now = time.Now()
	const unsynchronised = 0x40 // STA_UNSYNC of adjtimex(2)
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err == nil {
		m.ClockLoose = state == 5 || t.Status&unsynchronised != 0 // TIME_ERROR
	}
}

// openPorts tries the ports that the settings name, beside that of HTTP.
func openPorts(s *settings) (all []doctor.Port) {
	try := func(flag, network, address string) {
		var err error
		if network == "udp" {
			var c net.PacketConn
			if c, err = new(net.ListenConfig).ListenPacket(context.Background(), network, address); err == nil {
				_ = c.Close()
			}
		} else {
			var l net.Listener
			if l, err = new(net.ListenConfig).Listen(context.Background(), network, address); err == nil {
				_ = l.Close()
			}
		}
		all = append(all, doctor.Port{Flag: flag + " (" + strings.ToUpper(network) + ")", Taken: err})
	}
	for _, p := range []struct {
		flag string
		n    int
	}{{"--rtc-port", int(s.RTCPort)}, {"--turn-port", int(s.TURNPort)}} {
		for _, network := range []string{"udp", "tcp"} {
			if p.n != 0 {
				try(fmt.Sprintf("%s %d", p.flag, p.n), network, ":"+strconv.Itoa(p.n))
			}
		}
	}
	if s.Port != 0 {
		try(fmt.Sprintf("--port %d", s.Port), "udp", ":"+strconv.Itoa(int(s.Port)))
	}
	for flag, at := range map[string]string{"--http-listen": s.HTTPListen, "--metrics-listen": s.MetricsListen} {
		if at != "" {
			try(flag+" "+at, "tcp", at)
		}
	}
	return all
}

// askRelays asks all STUN and TURN servers at the same time.
func askRelays(servers []iceServer) []doctor.Relay {
	all := make([]doctor.Relay, len(servers))
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() {
			user, password := server.Username, server.Password
			if server.Secret != "" {
				user, password = turn.Credentials(server.Secret, time.Now())
			}
			seen, err := turn.Probe(ctx, server.URL, user, password)
			all[i] = doctor.Relay{URL: server.URL, Seen: seen, Err: err}
		})
	}
	wg.Wait()
	return all
}

// lookAtCertificate reads the certificate of the settings, nil if the server signs its own or has none.
func lookAtCertificate(s *settings) *doctor.Certificate {
	switch s.TLS {
	case "acme":
		c := &doctor.Certificate{ACME: true}
		c.Listen, _ = listenAddress(s) // port finds what is wrong with it
		for _, at := range []string{c.Listen, s.HTTPListen} {
			_, port, _ := net.SplitHostPort(at)
			c.Open = c.Open || port == "443" || port == "80"
		}
		return c
	case "files":
		c := &doctor.Certificate{File: s.TLSCert}
		pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		if err != nil {
			c.Err = err
			return c
		}
		leaf := pair.Leaf
		c.Begins, c.Ends = leaf.NotBefore, leaf.NotAfter
		c.Names = leaf.DNSNames
		for _, ip := range leaf.IPAddresses {
			c.Names = append(c.Names, ip.String())
		}
		for _, host := range s.Hosts {
			if leaf.VerifyHostname(string(host)) != nil {
				c.Missing = append(c.Missing, string(host))
			}
		}
		between := x509.NewCertPool()
		for _, der := range pair.Certificate[1:] {
			if one, err := x509.ParseCertificate(der); err == nil {
				between.AddCert(one)
			}
		}
		middle := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2) // its time is looked at apart
		_, c.Chain = leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: middle})
		return c
	}
	return nil
}
