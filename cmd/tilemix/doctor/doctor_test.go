package doctor_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"tilemix/cmd/tilemix/doctor"
)

// healthy is a machine on the internet.
func healthy() doctor.Machine {
	return doctor.Machine{
		Interfaces: []doctor.Interface{on("lo", "127.0.0.1", "::1"), on("eth0", "203.0.113.7", "2001:db8::7", "fe80::1")},
		Listen:     ":8080", Files: 65536, Memory: 8 << 30, CPUs: 4, Vectors: true,
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
