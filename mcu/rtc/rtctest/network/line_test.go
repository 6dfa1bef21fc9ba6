package network

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
)

// patience is how long a packet is waited for.
const patience = 45 * time.Second

// TestLine sends over a real line, both ways, while it changes.
func TestLine(t *testing.T) {
	l, err := Open(Line{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	deadline := time.Now().Add(patience)
	_ = far.SetReadDeadline(deadline)
	n := uint32(0)
	there := func(from, to net.PacketConn) time.Duration {
		t.Helper()
		n++
		start := time.Now()
		if _, err := from.WriteTo(binary.BigEndian.AppendUint32(nil, n), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		var b [100]byte
		size, _, err := to.ReadFrom(b[:])
		if err != nil || size != 4 || binary.BigEndian.Uint32(b[:]) != n {
			t.Fatalf("for packet %d came %x, %v", n, b[:size], err)
		}
		return time.Since(start)
	}
	there(l, far)
	there(far, l)
	const up, down = 100 * time.Millisecond, 60 * time.Millisecond
	l.Impair(Line{Up: Impairment{Delay: up}, Down: Impairment{Delay: down}})
	if d := there(l, far); d < up {
		t.Errorf("up took %v", d)
	}
	if d := there(far, l); d < down {
		t.Errorf("down took %v", d)
	}
	l.Impair(Both(Impairment{Cut: true}))
	for range 3 {
		_, _ = l.WriteTo([]byte("lost"), far.LocalAddr())
		_, _ = far.WriteTo([]byte("lost"), l.LocalAddr())
	}
	read := make(chan time.Duration)
	go func() { // reads and drops what the line loses before it is whole again
		var b [100]byte
		_, _, _ = l.ReadFrom(b[:])
		close(read)
	}()
	poll.Until(t, "the line to lose what came", func() bool {
		_, lost := l.Traffic()
		return lost.Lost == 3
	})
	l.Impair(Line{})
	there(l, far)
	_, _ = far.WriteTo([]byte("whole"), l.LocalAddr())
	<-read
	if sent, came := l.Traffic(); sent.Lost != 3 || sent.Packets != 6 || came.Packets != 6 {
		t.Errorf("up %+v, down %+v", sent, came)
	}
}
