package udp

import (
	"bytes"
	"net"
	"slices"
	"testing"
)

// channelData is a message for a TURN server (RFC 8656 §12.4).
func channelData(value byte) []byte {
	return append([]byte{0x40, 0, 0, 4}, packet(4, value)...)
}

// TestAside: what is TURN's is set aside, and the rest is read in order. The TURN server answers from the
// same socket, and its end does not end media.
func TestAside(t *testing.T) {
	shared, client := openSocket(t), openConn(t)
	aside := shared.Share()
	stop := start(t, shared)
	for i := range byte(3) {
		for _, b := range [][]byte{channelData(i), packet(10, 0x80+i)} {
			if _, err := client.WriteToUDPAddrPort(b, addr(shared.UDPConn)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := make([]byte, 100)
	for i := range byte(3) {
		n, _, err := shared.ReadFromAddrPort(b)
		if err != nil || !bytes.Equal(b[:n], packet(10, 0x80+i)) {
			t.Fatalf("media has % x, %v", b[:n], err)
		}
	}
	for i := range byte(3) {
		n, from, err := aside.ReadFrom(b)
		if err != nil || !bytes.Equal(b[:n], channelData(i)) || from.String() != client.LocalAddr().String() {
			t.Fatalf("TURN has % x of %v, %v", b[:n], from, err)
		}
	}
	if _, err := aside.WriteTo([]byte("answer"), client.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if n, from, err := client.ReadFrom(b); err != nil || string(b[:n]) != "answer" || from.String() != aside.LocalAddr().String() {
		t.Fatalf("the client has %q of %v, %v", b[:n], from, err)
	}
	if _ = aside.Close(); aside.Close() != nil {
		t.Error("cannot be closed twice")
	}
	if _, _, err := aside.ReadFrom(b); err == nil {
		t.Error("it can be read after its end")
	}
	_, _ = client.WriteToUDPAddrPort(packet(10, 0x99), addr(shared.UDPConn))
	if n, _, err := shared.ReadFrom(b); err != nil || !bytes.Equal(b[:n], packet(10, 0x99)) {
		t.Errorf("media has % x after the end of TURN, %v", b[:n], err)
	}
	stop()
}

// TestAsideFull: nobody reads what is TURN's. More than fits is dropped and counted, and media goes on.
func TestAsideFull(t *testing.T) {
	shared, client := openSocket(t), openConn(t)
	aside := shared.Share()
	b := make([]byte, 100)
	for range asideBacklog + 10 {
		shared.in, shared.segment, shared.from = slices.Concat(channelData(1), packet(8, 0x90)), 8, addr(client)
		if n, _, err := shared.ReadFromAddrPort(b); err != nil || b[0] != 0x90 || n != 8 {
			t.Fatalf("media has % x, %v", b[:n], err)
		}
	}
	if aside.Dropped() != 10 {
		t.Errorf("%d are dropped, not 10", aside.Dropped())
	}
}

// TestAsideAllocates holds media beside TURN to no allocation, and what is set aside to none once its memory
// has gone round.
func TestAsideAllocates(t *testing.T) {
	if raceDetector {
		t.Skip("pools allocate under the race detector")
	}
	s := openSocket(t)
	aside := s.Share()
	in, b := slices.Concat(channelData(1), packet(8, 0x90)), make([]byte, 100)
	var err error
	if n := testing.AllocsPerRun(100, func() {
		s.in, s.segment = in, 8
		if _, _, err = s.ReadFromAddrPort(b); err != nil {
			return
		}
		d := <-aside.packets
		aside.free <- d.data
	}); n > 0 || err != nil {
		t.Errorf("%v allocations, %v", n, err)
	}
	var _ net.PacketConn = aside
}
