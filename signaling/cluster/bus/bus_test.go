package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/cluster/seal"
)

const secret = "0123456789abcdef0123456789abcdef"

// end is one node's end of a bus.
type end struct {
	*Bus
	log *mcutest.Log

	mu    sync.Mutex
	heard []string
}

func (e *end) got() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.heard, " ")
}

// begin runs a bus until the test ends, which hears tm.news and answers tm.ask.NAME.
func begin(t *testing.T, name, key string, cfg Config) *end {
	t.Helper()
	k, err := seal.New([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	e := &end{log: &mcutest.Log{}}
	cfg.Name, cfg.Key = name, k
	e.Bus = New(cfg, e.log.Logger())
	e.Hear("tm.news", func(_ string, data []byte) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, string(data))
	})
	e.Answer("tm.ask."+name, func(data []byte) []byte { return append([]byte(name+" heard "), data...) })
	mcutest.Beside(t, e.Run)
	select {
	case <-e.Up():
	case <-time.After(poll.Patience):
		t.Fatal("the bus does not connect")
	}
	return e
}

func free(testing.TB) string {
	at := make([]byte, 3)
	_, _ = rand.Read(at) // it never fails
	return fmt.Sprintf("127.%d.%d.%d:6222", at[0], at[1], at[2]%250+1)
}

// ask asks until there is an answer: routes take a moment.
func (e *end) ask(t *testing.T, whom, text string) string {
	t.Helper()
	var answer []byte
	poll.Until(t, "an answer of "+whom, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var err error
		answer, err = e.Ask(ctx, "tm.ask."+whom, []byte(text))
		return err == nil
	})
	return string(answer)
}

// TestRoutes: nodes that name one other hear one another, and a node with another key hears nobody.
func TestRoutes(t *testing.T) {
	at := free(t)
	a := begin(t, "a", secret, Config{Listen: at})
	b := begin(t, "b", secret, Config{Listen: free(t), Join: []string{at}})
	c := begin(t, "c", secret, Config{Listen: free(t), Join: []string{at}})
	stranger := begin(t, "x", secret+"x", Config{Listen: free(t), Join: []string{at}})
	if got := b.ask(t, "c", "hello"); got != "c heard hello" { // they know each other by a
		t.Errorf("the answer is %q", got)
	}
	if got := c.ask(t, "c", "self"); got != "c heard self" {
		t.Errorf("its own answer is %q", got)
	}
	poll.Until(t, "all hear", func() bool {
		if err := b.Publish("tm.news", []byte("b")); err != nil {
			t.Fatal(err)
		}
		return strings.HasPrefix(a.got(), "b") && strings.HasPrefix(c.got(), "b") && strings.HasPrefix(b.got(), "b")
	})
	poll.Until(t, "the stranger is named", func() bool { return strings.Contains(a.log.String(), "TLS route handshake error") })
	if err := stranger.Publish("tm.news", []byte("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := stranger.Ask(ctx, "tm.ask.a", []byte("x")); err == nil {
		t.Errorf("a stranger is answered %q", got)
	}
	poll.Until(t, "the stranger hears itself", func() bool { return stranger.got() == "x" })
	if strings.Contains(a.got()+b.got()+c.got(), "x") {
		t.Errorf("heard: %q, %q, %q", a.got(), b.got(), c.got())
	}
}

// natsServer runs a NATS that others use too, until the test ends.
func natsServer(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, MaxPayload: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(poll.Patience) {
		t.Fatal("NATS does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// TestOthers: on a NATS that others use, their messages are refused, the large ones too, and logged once. When
// that NATS is gone, there is nobody to tell, and when it is back, there is.
func TestOthers(t *testing.T) {
	port, err := strconv.Atoi(mcutest.Port(t)) // one that the kernel gives to nobody while no server has it
	if err != nil {
		t.Fatal(err)
	}
	shared := natsServer(t, port)
	url := shared.ClientURL()
	a, b := begin(t, "a", secret, Config{URL: url}), begin(t, "b", secret, Config{URL: url})
	if got := a.ask(t, "b", "hello"); got != "b heard hello" {
		t.Errorf("the answer is %q", got)
	}
	other, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for range 3 {
		for _, message := range [][]byte{[]byte("forged"), make([]byte, 10<<20), nil} {
			if err := other.Publish("tm.news", message); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := other.Publish("tm.ask.b", []byte("forged")); err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "ten messages are refused", func() bool { return b.Refused() == 10 })
	if n := strings.Count(b.log.String(), "is refused"); n != 2 || b.got() != "" {
		t.Errorf("%d lines, heard %q:\n%s", n, b.got(), b.log)
	}
	shared.Shutdown()
	shared.WaitForShutdown()
	poll.Until(t, "the bus is away", func() bool { return !a.Connected() })
	if err := a.Publish("tm.news", nil); !errors.Is(err, ErrAway) {
		t.Errorf("without a bus: %v", err)
	}
	if _, err := a.Ask(t.Context(), "tm.ask.b", nil); !errors.Is(err, ErrAway) {
		t.Errorf("without a bus: %v", err)
	}
	natsServer(t, port)
	if got := a.ask(t, "b", "again"); got != "b heard again" {
		t.Errorf("the answer is %q", got)
	}
}

// TestTaken: an address that another program has is an error that names it.
func TestTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	k, err := seal.New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"nowhere", "127.0.0.1:x"} {
		if err := New(Config{Name: "a", Listen: at, Key: k}, slog.New(slog.DiscardHandler)).Run(t.Context()); err == nil {
			t.Errorf("it runs at %s", at)
		}
	}
}

// TestOnce: a line that only differs in ports and numbers is logged once.
func TestOnce(t *testing.T) {
	log := &mcutest.Log{}
	l := &lines{New(Config{}, log.Logger())}
	for i := range 5 {
		l.Errorf("127.0.0.1:%d - rid:%d - TLS route handshake error (attempt %d)", 40000+i, i, i)
		l.Noticef("well %d", i)
	}
	l.Fatalf("another %s", "fault")
	if n := strings.Count(log.String(), "level=WARN"); n != 2 {
		t.Errorf("%d lines:\n%s", n, log)
	}
	b := New(Config{}, log.Logger())
	for i := range 300 { // what differs each time cannot fill the memory
		b.once(fmt.Sprint(i))
	}
	if len(b.noted) > 101 {
		t.Errorf("%d lines are remembered", len(b.noted))
	}
}
