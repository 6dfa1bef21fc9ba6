package udp

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a packet is waited for.
const patience = 30 * time.Second

// openSocket opens a socket on the loopback address. Nothing is sent before start.
func openSocket(t testing.TB) *Socket {
	t.Helper()
	return NewSocket(openConn(t))
}

func openConn(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(BufferSize)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func addr(c *net.UDPConn) netip.AddrPort {
	return netip.MustParseAddrPort(c.LocalAddr().String())
}

// start runs a socket; stop has it send what it has and waits.
func start(t testing.TB, s *Socket) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// packet is n bytes of one value.
func packet(n int, value byte) []byte { return bytes.Repeat([]byte{value}, n) }

// TestSocketOrder has many write at once, round the ring several times: what each
// writes arrives whole and in order.
func TestSocketOrder(t *testing.T) {
	const writers, each, window = 4, 3 * backlog / 4, 128
	s, receiver := openSocket(t), openSocket(t)
	start(t, s)
	free := make(chan struct{}, window) // so that nothing is lost on the way
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			b := make([]byte, 8+w) // of a length of its own
			for i := range each {
				select {
				case free <- struct{}{}:
				case <-time.After(patience):
					return // the reader says why
				}
				binary.BigEndian.PutUint32(b, uint32(w))
				binary.BigEndian.PutUint32(b[4:], uint32(i))
				if n, err := s.WriteToAddrPort(b, addr(receiver.UDPConn)); n != len(b) || err != nil {
					t.Errorf("wrote %d of %d: %v", n, len(b), err)
				}
				clear(b) // it is the caller's again
			}
		})
	}
	var next [writers]uint32
	b := make([]byte, 1500)
	for range writers * each {
		n, from, err := receiver.ReadFromAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		<-free
		w, i := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if from != addr(s.UDPConn) || w >= writers || n != 8+int(w) || i != next[w] {
			t.Fatalf("packet %d of %d bytes of writer %d from %v, not %d", i, n, w, from, next[w])
		}
		next[w]++
	}
	writing.Wait()
	if s.dropped.Load() != 0 || s.refused.Load() != 0 {
		t.Errorf("dropped %d, refused %d", s.dropped.Load(), s.refused.Load())
	}
}

// TestSocketJoins counts the runs that packets of some lengths are, where the
// kernel segments and where it does not, and the calls.
func TestSocketJoins(t *testing.T) {
	repeat := func(n, length int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = length
		}
		return out
	}
	for _, c := range []struct {
		name    string
		lengths []int
		places  int // that they go to in turn
		runs    int
	}{
		{"one", []int{100}, 1, 1},
		{"equal", repeat(10, 100), 1, 1},
		{"last shorter", append(repeat(10, 100), 50), 1, 1},
		{"shorter between", []int{100, 100, 50, 100, 100}, 1, 2},
		{"longer and longer", []int{100, 101, 102}, 1, 3},
		{"more than segments", repeat(maxSegments+1, 100), 1, 2},
		{"more than bytes", repeat(maxBytes/1200+6, 1200), 1, 2},
		{"two places", repeat(6, 100), 2, 6},
		{"many runs", repeat(2*maxRuns+1, 100), 2, 2*maxRuns + 1},
	} {
		for _, segments := range []bool{true, false} {
			name := c.name
			if !segments {
				name += ", no segmentation"
			}
			t.Run(name, func(t *testing.T) {
				s := openSocket(t)
				receivers := []*net.UDPConn{openConn(t), openConn(t)}
				want := c.runs
				if !segments {
					want = len(c.lengths)
					for _, r := range receivers {
						s.batch.single[addr(r)] = time.Now()
					}
				}
				for i, n := range c.lengths {
					if _, err := s.WriteTo(packet(n, byte(i)), receivers[i%c.places].LocalAddr()); err != nil {
						t.Fatal(err)
					}
				}
				runs := runsOf(s)
				for i, n := range c.lengths {
					expect(t, receivers[i%c.places], packet(n, byte(i)))
				}
				calls := uint64(want+maxRuns-1) / maxRuns
				if runs != want || s.calls.Load() != calls || s.sent.Load() != uint64(len(c.lengths)) {
					t.Errorf("%d packets in %d runs and %d calls, not %d in %d and %d",
						s.sent.Load(), runs, s.calls.Load(), len(c.lengths), want, calls)
				}
			})
		}
	}
}

// runsOf sends what a socket has and returns in how many runs.
func runsOf(s *Socket) (runs int) {
	for at := s.tail.Load(); s.ready(at); at++ {
		place := &s.ring[at%backlog]
		if !s.batch.add(place.data, place.to) {
			runs += s.batch.n
			s.batch.n = 0
			at--
		}
	}
	runs += s.batch.n
	s.batch.n = 0
	for s.flush() {
	}
	return runs
}

func expect(t *testing.T, conn *net.UDPConn, want []byte) {
	t.Helper()
	b := make([]byte, 2000)
	n, _, err := conn.ReadFromUDPAddrPort(b)
	if err != nil || !bytes.Equal(b[:n], want) {
		t.Fatalf("%d bytes of %d, not %d of %d: %v", n, b[0], len(want), want[0], err)
	}
}

// TestSocketFallsBack has the kernel refuse to segment, as it does without
// checksums: packets go one by one, the first ones too, but for that address only and
// not for ever.
func TestSocketFallsBack(t *testing.T) {
	s, first, second := openSocket(t), openConn(t), openConn(t)
	checksums(t, s, false)
	send := func(to *net.UDPConn) {
		for i := range 10 {
			_, _ = s.WriteToAddrPort(packet(100, byte(i)), addr(to))
		}
		for s.flush() {
		}
		for i := range 10 {
			expect(t, to, packet(100, byte(i)))
		}
	}
	send(first)
	if !s.batch.goesSingly(addr(first)) || s.batch.goesSingly(addr(second)) {
		t.Errorf("one by one go packets for %v", s.batch.single)
	}
	checksums(t, s, true)
	send(second)
	if len(s.batch.single) != 1 {
		t.Errorf("one by one go packets for %v", s.batch.single)
	}
	s.batch.single[addr(first)] = time.Now().Add(-singly)
	send(first)
	if len(s.batch.single) != 0 || s.sent.Load() != 30 || s.refused.Load() != 0 {
		t.Errorf("later still %v; sent %d, refused %d", s.batch.single, s.sent.Load(), s.refused.Load())
	}
}

// checksums has the kernel write checksums or not. It cannot segment without.
func checksums(t *testing.T, s *Socket, on bool) {
	t.Helper()
	raw, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	off := 1
	if on {
		off = 0
	}
	var refused error
	if err := raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, off)
	}); err != nil || refused != nil {
		t.Skipf("checksums stay: %v, %v", err, refused)
	}
}

// TestSocketGoesOn has the kernel refuse one run of a batch: those before and behind
// it arrive.
func TestSocketGoesOn(t *testing.T) {
	s, receiver := openSocket(t), openConn(t)
	for i, to := range []netip.AddrPort{addr(receiver), netip.MustParseAddrPort("127.0.0.1:0"), addr(receiver)} {
		_, _ = s.WriteToAddrPort(packet(100, byte(i)), to)
	}
	start(t, s)()
	expect(t, receiver, packet(100, 0))
	expect(t, receiver, packet(100, 2))
	if s.sent.Load() != 2 || s.refused.Load() != 1 {
		t.Errorf("sent %d, refused %d", s.sent.Load(), s.refused.Load())
	}
}

// TestSocketIPv6 sends from an IPv6 socket.
func TestSocketIPv6(t *testing.T) {
	var conns [2]*net.UDPConn
	for i := range conns {
		conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
		if err != nil {
			t.Skipf("no IPv6 here: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		conns[i] = conn
	}
	s := NewSocket(conns[0])
	for i := range 3 {
		_, _ = s.WriteToAddrPort(packet(100, byte(i)), addr(conns[1]))
	}
	start(t, s)()
	for i := range 3 {
		expect(t, conns[1], packet(100, byte(i)))
	}
}

// TestSocketOverflows fills the ring: the newest packets are dropped and counted,
// and when there is room it goes on.
func TestSocketOverflows(t *testing.T) {
	s, receiver := openSocket(t), openConn(t)
	nowhere := addr(openConn(t))
	b := []byte{1}
	_, _ = s.WriteToAddrPort([]byte{0}, addr(receiver))
	for range backlog + 9 {
		if n, err := s.WriteToAddrPort(b, nowhere); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	_, _ = s.WriteToAddrPort([]byte{2}, addr(receiver))
	if n := s.dropped.Load(); n != 11 {
		t.Errorf("%d packets dropped, not 11", n)
	}
	for s.flush() {
	}
	if n := s.sent.Load(); n != backlog {
		t.Errorf("%d packets sent, not %d", n, backlog)
	}
	_, _ = s.WriteToAddrPort([]byte{3}, addr(receiver))
	for s.flush() {
	}
	expect(t, receiver, []byte{0})
	expect(t, receiver, []byte{3})
}

// TestSocketRefused counts what the kernel does not take.
func TestSocketRefused(t *testing.T) {
	s := openSocket(t)
	to := addr(openConn(t))
	_ = s.Close()
	for range 3 {
		_, _ = s.WriteToAddrPort(packet(10, 1), to)
	}
	start(t, s)()
	if s.refused.Load() != 3 || s.sent.Load() != 0 {
		t.Errorf("refused %d, sent %d", s.refused.Load(), s.sent.Load())
	}
	if _, err := s.WriteTo(nil, &net.TCPAddr{}); err == nil {
		t.Error("sent over UDP to a TCP address")
	}
}

// TestSocketSplits reads packets that the kernel joined.
func TestSocketSplits(t *testing.T) {
	s, receiver := openSocket(t), openSocket(t)
	lengths := []int{300, 300, 300, 300, 20}
	for i, n := range lengths {
		_, _ = s.WriteToAddrPort(packet(n, byte(i)), addr(receiver.UDPConn))
	}
	start(t, s)()
	b := make([]byte, 1500)
	joined := false
	for i, want := range lengths {
		n, from, err := receiver.ReadFrom(b)
		if err != nil || from.String() != s.LocalAddr().String() || !bytes.Equal(b[:n], packet(want, byte(i))) {
			t.Fatalf("packet %d: %d bytes of %d from %v: %v", i, n, b[0], from, err)
		}
		joined = joined || len(receiver.in) > 0
	}
	if !joined {
		t.Skip("this kernel does not join packets")
	}
}

// TestSocketAllocates holds the way out to no allocation.
func TestSocketAllocates(t *testing.T) {
	if raceDetector {
		t.Skip("pools allocate under the race detector")
	}
	s, b := openSocket(t), packet(1200, 1)
	to := []netip.AddrPort{addr(openConn(t)), addr(openConn(t))}
	send := func() {
		for i := range 8 {
			_, _ = s.WriteToAddrPort(b, to[i/3%2])
		}
		for s.flush() {
		}
	}
	for range backlog / 8 {
		send()
	}
	if n := testing.AllocsPerRun(100, send); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
