package demux_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"tilemix/mcu/demux"
)

// certified returns what a server with a certificate speaks.
func certified(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"box"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"h2", "http/1.1", "acme-tls/1"},
	}
}

// TestTLS sorts connections by what their clients say within TLS.
func TestTLS(t *testing.T) {
	get, allocate := []byte("GET / HTTP/1.1\r\n\r\n"), stunMessage(t, request(stun.MethodAllocate))
	server := certified(t)
	for name, c := range map[string]struct {
		alpn  []string
		first []byte
		want  demux.Kind // Unknown: it is closed
	}{
		"h2":                      {[]string{"h2", "http/1.1"}, []byte("PRI * HTTP/2.0\r\n"), demux.TLS},
		"http/1.1":                {[]string{"http/1.1"}, get, demux.TLS},
		"ACME":                    {[]string{"acme-tls/1"}, []byte{0}, demux.TLS},
		"HTTP without ALPN":       {nil, get, demux.TLS},
		"TURN":                    {[]string{"stun.turn"}, allocate, demux.TURN},
		"TURN without ALPN":       {nil, allocate, demux.TURN},
		"ICE-TCP":                 {nil, frame(allocate), demux.Unknown},
		"TLS in TLS":              {nil, []byte{22, 3, 1, 0, 0}, demux.Unknown},
		"silence":                 {nil, nil, demux.Unknown},
		"a protocol of others":    {[]string{"imap"}, nil, demux.Unknown},
		"HTTP in TURN's ALPN too": {[]string{"stun.turn", "h2"}, []byte("PRI * HTTP/2.0\r\n"), demux.TLS}, // the server's order counts
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := openWith(t, server, slog.New(slog.DiscardHandler), demux.TLS, demux.HTTP, demux.Media, demux.TURN)
				began := time.Now()
				client := tls.Client(b.dialFrom(host(0)), &tls.Config{InsecureSkipVerify: true, NextProtos: c.alpn})
				go func() { _, _ = client.Write(c.first) }()
				if c.want == demux.Unknown {
					_, err := client.Read(make([]byte, 1))
					if took := time.Since(began); err == nil || took > 15*time.Second {
						t.Errorf("read: %v after %v", err, took)
					}
					return
				}
				conn := <-b.accepted[c.want]
				got := make([]byte, len(c.first))
				if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(c.first) {
					t.Errorf("got %q, %v", got, err)
				}
				if state, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); !ok || !state.ConnectionState().HandshakeComplete {
					t.Error("the site does not see TLS")
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("it took %v", took)
				}
				_ = conn.Close()
			})
		})
	}
}

// TestKinds refuses what nobody listens for: TLS without a certificate, and TURN and media where they have
// ports of their own. A client that offers TURN's ALPN there gets no answer to it.
func TestKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openWith(t, nil, slog.New(slog.DiscardHandler), demux.HTTP)
		for i, first := range [][]byte{
			{22, 3, 1, 0, 0},
			stunMessage(t, request(stun.MethodAllocate)),
			frame(stunMessage(t, stun.BindingRequest)),
		} {
			client := b.dialFrom(host(0))
			go func() { _, _ = client.Write(first) }()
			_, err := client.Read(make([]byte, 1))
			if synctest.Wait(); !errors.Is(err, io.EOF) || b.Refused() != uint64(i+1) {
				t.Errorf("% x: %v, %d are refused", first[:4], err, b.Refused())
			}
		}
	})
	server := certified(t)
	synctest.Test(t, func(t *testing.T) {
		b := openWith(t, server, slog.New(slog.DiscardHandler), demux.TLS)
		client := tls.Client(b.dialFrom(host(0)), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"stun.turn"}})
		if err := client.Handshake(); err == nil {
			t.Error("TURN by TLS is agreed on where there is none")
		}
	})
}

// TestLog names the first connection that is refused, and no other.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines lines
		b := openWith(t, nil, slog.New(slog.NewTextHandler(&lines, nil)), demux.HTTP)
		for i := range 3 {
			client := b.dialFrom(host(7 + i))
			_, _ = client.Write([]byte{0xff})
			_, _ = client.Read(make([]byte, 1))
			synctest.Wait()
		}
		if lines.n != 1 || b.Refused() != 3 {
			t.Errorf("%d lines for %d refusals", lines.n, b.Refused())
		}
	})
}

// lines counts writes.
type lines struct{ n int }

func (l *lines) Write(b []byte) (int, error) { l.n++; return len(b), nil }

// failing is a listener whose first errors pass and whose last does not.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left < 0 {
		return nil, errBroken
	}
	return nil, passing{}
}

var errBroken = errors.New("broken")

// passing is an error such as that of too many open files.
type passing struct{}

func (passing) Timeout() bool   { return false }
func (passing) Temporary() bool { return true }
func (passing) Error() string   { return "too many open files" }

// TestAcceptFails waits while no descriptor is free, and ends with an error that stays.
func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		port := demux.New(&failing{&pipes{done: make(chan struct{})}, 3}, nil, slog.New(slog.DiscardHandler))
		site := port.Listen(demux.HTTP)
		if err := port.Run(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("it ends with %v", err)
		}
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("it waited for %v", took)
		}
		if _, err := site.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the site's listener ends with %v", err)
		}
	})
}
