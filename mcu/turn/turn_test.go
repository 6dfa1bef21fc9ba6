package turn_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/turn"
)

func TestMain(m *testing.M) { poll.Main(m) }

// patience is how long anything is waited for.
const patience = 20 * time.Second

// stage is a TURN server with one media socket behind it.
type stage struct {
	*turn.Relay
	media *net.UDPConn
}

func serve(t *testing.T) *stage {
	t.Helper()
	media := socket(t)
	s, err := turn.New(turn.Config{Peers: []netip.AddrPort{media.LocalAddr().(*net.UDPAddr).AddrPort()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if n := s.Stats().Allocations; n != 0 {
			t.Errorf("%d allocations are left", n)
		}
	})
	return &stage{s, media}
}

func socket(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// client connects to the server by UDP or TCP.
func (s *stage) client(t *testing.T, network, username, password string) *pion.Client {
	t.Helper()
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port()))
	var conn net.PacketConn = socket(t)
	_ = conn.SetDeadline(time.Time{}) // requests have one
	if network == "tcp" {
		stream, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		conn = pion.NewSTUNConn(stream)
	}
	c, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: username, Password: password,
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
		RTO:           patience, // nothing is lost here, and a request that comes twice is counted twice
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); _ = conn.Close() })
	return c
}

// TestRelay sends to the media socket and back, by UDP and TCP.
func TestRelay(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			s := serve(t)
			name, password := s.Credentials(time.Now())
			allocation, err := s.client(t, network, name, password).Allocate()
			if err != nil {
				t.Fatal(err)
			}
			defer allocation.Close()
			for _, text := range []string{"a short one", strings.Repeat("long", 333) + "er"} {
				if _, err := allocation.WriteTo([]byte(text), s.media.LocalAddr()); err != nil {
					t.Fatal(err)
				}
				buf := make([]byte, 2000)
				n, from, err := s.media.ReadFrom(buf)
				if err != nil || string(buf[:n]) != text {
					t.Fatalf("the media socket got %q, %v", buf[:n], err)
				}
				if !from.(*net.UDPAddr).IP.IsLoopback() {
					t.Errorf("the allocation is at %v", from)
				}
				if _, err := s.media.WriteTo([]byte(text), from); err != nil {
					t.Fatal(err)
				}
				_ = allocation.SetReadDeadline(time.Now().Add(patience))
				n, from, err = allocation.ReadFrom(buf)
				if err != nil || string(buf[:n]) != text || from.String() != s.media.LocalAddr().String() {
					t.Fatalf("the client got %q from %v, %v, not %.5s", buf[:n], from, err, text)
				}
			}
		})
	}
}

// TestRefusesCredentials: wrong ones, none and expired ones.
func TestRefusesCredentials(t *testing.T) {
	s := serve(t)
	name, password := s.Credentials(time.Now())
	oldName, oldPassword := s.Credentials(time.Now().Add(-2 * time.Hour))
	_, later, _ := strings.Cut(name, ":")
	for _, test := range []struct{ what, name, password string }{
		{"a wrong password", name, password + "x"},
		{"another's password", name, oldPassword},
		{"expired", oldName, oldPassword},
		{"an expiry moved on", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + ":" + later + "x", password},
		{"no expiry", "ada", password},
		{"an expiry beyond all time", "9999999999999999999999:x", password},
	} {
		before := s.Stats().BadCredentials
		if allocation, err := s.client(t, "udp", test.name, test.password).Allocate(); err == nil {
			allocation.Close()
			t.Errorf("%s: got an allocation", test.what)
		}
		if s.Stats().BadCredentials == before {
			t.Errorf("%s: is not counted", test.what)
		}
	}
	if n := s.Stats().Allocations; n != 0 {
		t.Errorf("%d allocations", n)
	}
}

// TestReachesNobodyElse: neither another host, nor another port of this one, nor
// does anybody else reach a client.
func TestReachesNobodyElse(t *testing.T) {
	s := serve(t)
	name, password := s.Credentials(time.Now())
	c := s.client(t, "udp", name, password)
	allocation, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer allocation.Close()
	for i, host := range []string{"192.0.2.77", "127.0.0.2", "169.254.169.254", "10.0.0.1"} {
		if err := c.CreatePermission(&net.UDPAddr{IP: net.ParseIP(host), Port: 80}); err == nil {
			t.Errorf("may send to %s", host)
		}
		if got := s.Stats().BadPeers; got != uint64(i+1) {
			t.Errorf("%d peers refused, not %d", got, i+1)
		}
	}
	other := socket(t)
	before := s.Stats().BadPeers
	if _, err := allocation.WriteTo([]byte("psst"), other.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := allocation.WriteTo([]byte{0x40, 0, 0, 0}, s.media.LocalAddr()); err != nil { // a relay's, by a relay
		t.Fatal(err)
	}
	if _, err := allocation.WriteTo([]byte("hello"), s.media.LocalAddr()); err != nil { // after that
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, from, err := s.media.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "hello" {
		t.Fatalf("the media socket got %q, %v", buf[:n], err)
	}
	if s.Stats().BadPeers != before+2 {
		t.Error("a packet to another port and one of TURN within TURN are not counted")
	}
	_ = other.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _, err := other.ReadFrom(buf); err == nil {
		t.Errorf("another socket got %q", buf[:n])
	}
	if _, err := other.WriteTo([]byte("psst"), from); err != nil {
		t.Fatal(err)
	}
	if _, err := s.media.WriteTo([]byte("hello"), from); err != nil { // after that
		t.Fatal(err)
	}
	_ = allocation.SetReadDeadline(time.Now().Add(patience))
	if n, _, err := allocation.ReadFrom(buf); err != nil || !bytes.Equal(buf[:n], []byte("hello")) {
		t.Errorf("the client got %q, %v", buf[:n], err)
	}
}

// TestQuota: a credential is good for so many allocations, and again when they are gone.
func TestQuota(t *testing.T) {
	s := serve(t)
	name, password := s.Credentials(time.Now())
	var allocations []net.PacketConn
	for {
		allocation, err := s.client(t, "udp", name, password).Allocate()
		if err != nil {
			break
		}
		allocations = append(allocations, allocation)
		defer allocation.Close()
		if len(allocations) > 100 {
			t.Fatal("there is no end")
		}
	}
	if n := s.Stats().OverQuota; n == 0 {
		t.Error("the refusal is not counted")
	}
	otherName, otherPassword := s.Credentials(time.Now())
	allocation, err := s.client(t, "udp", otherName, otherPassword).Allocate()
	if err != nil {
		t.Errorf("another credential: %v", err)
	} else {
		allocation.Close()
	}
	allocations[0].Close()
	poll.Until(t, "a closed allocation to be counted no more", func() bool { return s.Stats().Allocations < len(allocations) })
	if allocation, err = s.client(t, "udp", name, password).Allocate(); err != nil {
		t.Errorf("after one was closed: %v", err)
	} else {
		allocation.Close()
	}
}

// TestHostQuota: more credentials do not get one address more allocations than it may have,
// and it gets others when some are gone.
func TestHostQuota(t *testing.T) {
	s := serve(t)
	allocate := func() (net.PacketConn, error) {
		name, password := s.Credentials(time.Now())
		return s.client(t, "udp", name, password).Allocate()
	}
	var allocations []net.PacketConn
	for {
		allocation, err := allocate()
		if err != nil {
			break
		}
		allocations = append(allocations, allocation)
		defer allocation.Close()
		if len(allocations) > 400 {
			t.Fatal("there is no end")
		}
	}
	if n := s.Stats().OverQuota; n == 0 {
		t.Error("the refusal is not counted")
	}
	allocations[0].Close()
	poll.Until(t, "a closed allocation to be counted no more", func() bool { return s.Stats().Allocations < len(allocations) })
	for deadline := time.Now().Add(patience); ; { // it is counted out just after
		allocation, err := allocate()
		if err == nil {
			allocation.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after one was closed: %v", err)
		}
	}
}

func TestPortTaken(t *testing.T) {
	s := serve(t)
	if _, err := turn.New(turn.Config{Port: s.Port()}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(s.Port())) {
		t.Errorf("on a port that is taken: %v", err)
	}
}
