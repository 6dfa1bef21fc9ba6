package stream_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/stream"
)

func TestMain(m *testing.M) { poll.Main(m) }

func listen(t *testing.T, change func(*stream.Limits)) *stream.Listener {
	t.Helper()
	limits := stream.Default()
	change(&limits)
	l, err := stream.Listen(netip.Addr{}, 0, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(t *testing.T, l *stream.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func accept(t *testing.T, l *stream.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestSlowClient: writes never wait, what does not fit is dropped whole and
// counted, and what was taken arrives in order.
func TestSlowClient(t *testing.T) {
	l := listen(t, func(l *stream.Limits) { l.Unsent = 10_000 })
	client := dial(t, l)
	server := accept(t, l)
	packet := bytes.Repeat([]byte{1}, 1000)
	written := 0
	for ; l.Stats().Dropped == 0; written++ {
		if written > 1_000_000 {
			t.Fatal("nothing is dropped")
		}
		if n, err := server.Write(packet); n != len(packet) || err != nil {
			t.Fatalf("write: %d, %v", n, err)
		}
	}
	got := make([]byte, (written-1)*len(packet))
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
}

// TestTooMany closes who is one too many, and takes another when one has gone.
func TestTooMany(t *testing.T) {
	for name, change := range map[string]func(*stream.Limits){
		"all":  func(l *stream.Limits) { l.Conns = 2 },
		"host": func(l *stream.Limits) { l.PerHost = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, change)
			accepted := make(chan net.Conn, 8)
			go func() {
				defer close(accepted)
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					accepted <- conn
				}
			}()
			for range 2 {
				dial(t, l)
			}
			first := <-accepted
			<-accepted
			if _, err := dial(t, l).Read(make([]byte, 1)); err == nil {
				t.Error("the third is served")
			}
			if n := l.Stats().Refused; n != 1 {
				t.Errorf("%d are counted as refused", n)
			}
			_ = first.Close()
			for in := false; !in; { // until the writer has counted it out
				conn, refused := dial(t, l), make(chan struct{})
				go func() {
					defer close(refused)
					_, _ = conn.Read(make([]byte, 1))
				}()
				select {
				case <-accepted:
					in = true
				case <-refused:
				}
				_ = conn.Close()
				<-refused
			}
		})
	}
}

// TestSilence closes who connects and says nothing, or drips.
func TestSilence(t *testing.T) {
	l := listen(t, func(l *stream.Limits) { l.Hello = 50 * time.Millisecond })
	client := dial(t, l)
	server := accept(t, l)
	if _, err := client.Write([]byte("drip")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, server); err == nil {
		t.Error("there is no end to the wait")
	}
}

// TestCloseEndsAll ends the reads of all connections.
func TestCloseEndsAll(t *testing.T) {
	l := listen(t, func(*stream.Limits) {})
	dial(t, l)
	server := accept(t, l)
	ended := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		ended <- err
	}()
	_ = l.Close()
	if err := <-ended; err == nil {
		t.Error("the connection is still open")
	}
	if _, err := server.Write([]byte("x")); err == nil {
		t.Error("can be written to")
	}
}
