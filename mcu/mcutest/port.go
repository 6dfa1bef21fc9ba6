package mcutest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
)

// Port returns a port of TCP and UDP that is free at all addresses, for a server that is to have the same one again, or
// one for all. Nothing takes it by chance: the kernel gives it to no socket that names no port (ip_local_port_range,
// ip(7)), so a client that comes too early does not get it either.
func Port(t testing.TB) string {
	t.Helper()
	first := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(text), &first)
	}
	const least = 10_000
	if first < least+1000 {
		t.Fatalf("the kernel gives away all ports from %d on", first)
	}
	for range 100 {
		port := strconv.Itoa(least + rand.N(first-least))
		stream, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", ":"+port)
		_ = stream.Close()
		if err == nil {
			_ = packets.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}
