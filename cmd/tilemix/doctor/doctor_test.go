package doctor_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tilemix/cmd/tilemix/doctor"
)

// healthy is a machine on the internet.
func healthy() doctor.Machine {
	return doctor.Machine{
		Interfaces: []doctor.Interface{on("lo", "127.0.0.1", "::1"), on("eth0", "203.0.113.7", "2001:db8::7", "fe80::1")},
		Listen:     ":8080", Ports: []doctor.Port{{Flag: "--rtc-port 5000"}}, Now: now(), Files: 65536, Memory: 8 << 30, CPUs: 4, Vectors: true,
	}
}

func now() time.Time { return time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC) }

func relay(seen string, err error) []doctor.Relay {
	at, _ := netip.ParseAddrPort(seen)
	return []doctor.Relay{{URL: "turn:r.example", Seen: at, Err: err}}
}

// certificate ends in two months.
func certificate() *doctor.Certificate {
	return &doctor.Certificate{
		File: "/c.pem", Names: []string{"mix.example"},
		Begins: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), Ends: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC),
	}
}

func on(name string, addresses ...string) doctor.Interface {
	i := doctor.Interface{Name: name}
	for _, a := range addresses {
		i.Addresses = append(i.Addresses, netip.MustParseAddr(a))
	}
	return i
}

// TestExamine: each ill has its sentence, with what to do, and nothing else changes.
func TestExamine(t *testing.T) {
	for _, test := range []struct {
		name  string
		ill   func(*doctor.Machine)
		level doctor.Level
		says  []string
	}{
		{"port taken", func(m *doctor.Machine) { m.PortTaken = "address already in use" }, doctor.Bad, []string{":8080", "already in use", "--port PORT"}},
		{"NAT", func(m *doctor.Machine) { m.Interfaces[1] = on("eth0", "192.168.1.5", "2001:db8::7") }, doctor.Good, []string{"2001:db8::7"}},
		{"NAT for both", func(m *doctor.Machine) { m.Interfaces[1] = on("eth0", "192.168.1.5", "fd00::5") }, doctor.Hint, []string{"192.168.1.5", "--public-ip", "--port"}},
		{"container", func(m *doctor.Machine) { m.Container = true; m.Interfaces[1] = on("eth0", "172.17.0.2") }, doctor.Bad, []string{"172.17.0.2", "--public-ip", "--port"}},
		{"container in the host's network", func(m *doctor.Machine) { m.Container = true }, doctor.Good, []string{"a public address: 203.0.113.7"}},
		{"container, with an address", func(m *doctor.Machine) {
			m.Container, m.Public = true, []netip.Addr{netip.MustParseAddr("203.0.113.9")}
		}, doctor.Good, []string{"203.0.113.9"}},
		{"bridge beside NAT", func(m *doctor.Machine) {
			m.Interfaces = append(m.Interfaces, on("docker0", "172.17.0.1"))
			m.Interfaces[1] = on("eth0", "10.0.0.4", "fd00::5")
		}, doctor.Hint, []string{"10.0.0.4", "--public-ip"}},
		{"no network", func(m *doctor.Machine) { m.Interfaces = m.Interfaces[:1] }, doctor.Bad, []string{"no address but its loopback"}},
		{"no IPv6", func(m *doctor.Machine) { m.Interfaces[1] = on("eth0", "203.0.113.7", "fe80::1") }, doctor.Hint, []string{"no IPv6"}},
		{"few files", func(m *doctor.Machine) { m.Files = 1024 }, doctor.Hint, []string{"1024", "ulimit -n"}},
		{"little memory", func(m *doctor.Machine) { m.Memory = 256 << 20 }, doctor.Hint, []string{"256 MiB"}},
		{"old CPU", func(m *doctor.Machine) { m.Vectors = false }, doctor.Hint, []string{"about 51 tiles", "AVX2"}},
		{"CPU", func(*doctor.Machine) {}, doctor.Good, []string{"about 51 tiles", "25 views", "4 cores"}},
		{"no FFmpeg", func(m *doctor.Machine) { m.FFmpeg = errors.New("not found") }, doctor.Hint, []string{"apt install ffmpeg"}},
		{"media's port taken", func(m *doctor.Machine) { m.Ports[0].Taken = errors.New("address in use") }, doctor.Bad, []string{"--rtc-port 5000", "address in use", "ss -lntup"}},
		{"silent relay", func(m *doctor.Machine) { m.Relays = relay("", errors.New("it does not answer")) }, doctor.Bad, []string{"turn:r.example", "does not answer", "--ice-server", "firewalls"}},
		{"relay", func(m *doctor.Machine) { m.Relays = relay("203.0.113.7:9", nil) }, doctor.Good, []string{"turn:r.example answers", "at 203.0.113.7."}},
		{"NAT, seen from outside", func(m *doctor.Machine) {
			m.Relays = relay("203.0.113.9:9", nil)
			m.Interfaces[1] = on("eth0", "192.168.1.5")
		}, doctor.Bad, []string{"192.168.1.5", "--public-ip 203.0.113.9", "--port"}},
		{"another public address", func(m *doctor.Machine) {
			m.Relays, m.Public = relay("203.0.113.9:9", nil), []netip.Addr{netip.MustParseAddr("203.0.113.8")}
		}, doctor.Hint, []string{"at 203.0.113.9", "--public-ip says 203.0.113.8"}},
		{"clock of 1970", func(m *doctor.Machine) { m.Now = time.Unix(0, 0).UTC() }, doctor.Bad, []string{"1970-01-01", "timedatectl"}},
		{"clock alone", func(m *doctor.Machine) { m.ClockLoose = true }, doctor.Hint, []string{"No service keeps the clock", "timedatectl"}},
		{"clock", func(*doctor.Machine) {}, doctor.Good, []string{"The clock is kept in time."}},
		{"certificate", func(m *doctor.Machine) { m.Certificate = certificate() }, doctor.Good, []string{"for mix.example", "2026-12-01"}},
		{"certificate that ended", func(m *doctor.Machine) { m.Certificate, m.Now = certificate(), now().AddDate(1, 0, 0) }, doctor.Bad, []string{"/c.pem has ended on 2026-12-01"}},
		{"certificate to come", func(m *doctor.Machine) { m.Certificate, m.Now = certificate(), now().AddDate(0, -2, 0) }, doctor.Bad, []string{"/c.pem begins on 2026-09-01", "clock"}},
		{"certificate that ends", func(m *doctor.Machine) { m.Certificate, m.Now = certificate(), now().AddDate(0, 0, 55) }, doctor.Hint, []string{"ends on 2026-12-01, in 6 days"}},
		{"certificate of another name", func(m *doctor.Machine) {
			m.Certificate = certificate()
			m.Certificate.Missing = []string{"other.example"}
		}, doctor.Bad, []string{"for mix.example, and not for other.example", "--host"}},
		{"certificate without its chain", func(m *doctor.Machine) {
			m.Certificate = certificate()
			m.Certificate.Chain = errors.New("unknown authority")
		}, doctor.Hint, []string{"unknown authority", "intermediate certificates to /c.pem"}},
		{"no certificate", func(m *doctor.Machine) { m.Certificate = &doctor.Certificate{Err: errors.New("no such file")} }, doctor.Bad, []string{"no such file", "--tls-cert"}},
		{"ACME on another port", func(m *doctor.Machine) { m.Certificate = &doctor.Certificate{ACME: true, Listen: ":8443"} }, doctor.Hint, []string{":8443", "--port 443", "--http-listen :80"}},
		{"ACME", func(m *doctor.Machine) { m.Certificate = &doctor.Certificate{ACME: true, Open: true} }, doctor.Good, []string{"--tls acme"}},
		{"no folder", func(m *doctor.Machine) { m.Data = errors.New("permission denied") }, doctor.Bad, []string{"permission denied", "--data-dir"}},
	} {
		m := healthy()
		test.ill(&m)
		found := false
		for _, f := range doctor.Examine(m) {
			all := true
			for _, says := range test.says {
				all = all && strings.Contains(f.Text, says)
			}
			found = found || all && f.Level == test.level
		}
		if !found {
			t.Errorf("%s: no finding is %s and says %q: %v", test.name, test.level, test.says, doctor.Examine(m))
		}
	}
}

// TestBridgeIsNoAddress: the address of a bridge for containers is none that clients reach.
func TestBridgeIsNoAddress(t *testing.T) {
	for _, name := range []string{"docker0", "br-0a1b2c", "veth12ab", "virbr0"} {
		m := healthy()
		m.Interfaces = []doctor.Interface{on("lo", "127.0.0.1"), on(name, "172.17.0.1")}
		for _, f := range doctor.Examine(m) {
			if strings.Contains(f.Text, "172.17.0.1") {
				t.Errorf("%s: %s", name, f.Text)
			}
		}
	}
}

// TestHealthy: a machine that lacks nothing has no finding that is not good, and each is a sentence.
func TestHealthy(t *testing.T) {
	found := doctor.Examine(healthy())
	if len(found) < 5 {
		t.Errorf("there are %d findings", len(found))
	}
	for _, f := range found {
		if f.Level != doctor.Good || !strings.HasSuffix(f.Text, ".") {
			t.Errorf("%s: %s", f.Level, f.Text)
		}
	}
}

// TestCarries: memory bounds the tiles too, where there is little.
func TestCarries(t *testing.T) {
	for _, test := range []struct {
		cpus         int
		memory       int64
		tiles, views int
	}{{4, 64 << 30, 100, 25}, {4, 0, 100, 25}, {4, 1 << 30, 6, 25}, {1, 64 << 30, 25, 6}} {
		tiles, views := doctor.Machine{CPUs: test.cpus, Memory: test.memory}.Carries()
		if tiles != test.tiles || views != test.views {
			t.Errorf("%+v: %d tiles, %d views", test, tiles, views)
		}
	}
}
