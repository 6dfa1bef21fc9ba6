package gateway_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
)

// TestNamesAreLookedUpByUs has links go to a name that only the gateway's lookup knows. FFmpeg must
// not look it up, because that could lead elsewhere than where the gateway judged. The server is
// still called by its name where the protocol has it.
func TestNamesAreLookedUpByUs(t *testing.T) {
	tool(t, "ffmpeg")
	s := newStage(t, func(c *gateway.Config) {
		c.Lookup = func(_ context.Context, _, host string) ([]netip.Addr, error) {
			if host != "live.tilemix.test" && host != "localhost" {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	})
	s.act("names")
	for _, c := range []struct {
		url, want string
		input     bool
		heard     func(net.Conn) string // by the server
	}{
		{"rtmp://live.tilemix.test:PORT/live/" + key, "rtmp://live.tilemix.test:PORT/live", false, connectOf},
		{"rtmp://live.tilemix.test:PORT/live/" + key, "rtmp://live.tilemix.test:PORT/live", true, connectOf},
		{"rtsp://live.tilemix.test:PORT/" + key, "OPTIONS rtsp://127.0.0.1:PORT/" + key, false, lineOf},
		{"rtmps://localhost:PORT/live/" + key, "localhost", false, serverNameOf}, // the proxy has the system's lookup
		{"rtmps://localhost:PORT/live/" + key, "localhost", true, serverNameOf},
	} {
		t.Run(c.url[:5], func(t *testing.T) {
			t.Parallel()
			server, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			heard := make(chan string, 1)
			go func() { // an attempt may end before it says anything, where FFmpeg waits for the processor
				for said := ""; said == ""; {
					conn, err := server.Accept()
					if err != nil {
						return
					}
					_ = conn.SetDeadline(time.Now().Add(poll.Patience))
					if said = c.heard(conn); said != "" {
						heard <- said
					}
					_ = conn.Close()
				}
			}()
			_, port, _ := net.SplitHostPort(server.Addr().String())
			url, want := strings.Replace(c.url, "PORT", port, 1), strings.Replace(c.want, "PORT", port, 1)
			if c.input {
				_, err = s.AddInput(t.Context(), "names", gateway.InputOptions{URL: url})
			} else {
				_, err = s.AddOutput(t.Context(), "names", gateway.OutputOptions{URL: url})
			}
			if err != nil {
				t.Fatal(err)
			}
			select {
			case said := <-heard:
				if !strings.Contains(said, want) {
					t.Errorf("input: %t, %s: the server hears %q, not %q", c.input, c.url, said, want)
				}
			case <-time.After(poll.Patience):
				t.Errorf("input: %t, %s: the server hears nothing", c.input, c.url)
			}
		})
	}
}

// lineOf returns the first line of a request.
func lineOf(c net.Conn) string {
	b := make([]byte, 1000)
	n, _ := c.Read(b)
	line, _, _ := strings.Cut(string(b[:n]), "\r\n")
	return line
}

// connectOf shakes hands as an RTMP server does (RTMP 1.0 §5.2), and returns the command that follows
// without the headers of its chunks.
func connectOf(c net.Conn) string {
	const part = 1536
	hello := make([]byte, 1+part)
	if _, err := io.ReadFull(c, hello); err != nil {
		return ""
	}
	_, _ = c.Write(append(append(append([]byte{}, hello[0]), make([]byte, part)...), hello[1:]...))
	if _, err := io.ReadFull(c, make([]byte, part)); err != nil {
		return ""
	}
	var said []byte
	for !bytes.Contains(said, []byte{0, 0, 9}) { // the end of the command's object
		b := make([]byte, 400)
		n, err := c.Read(b)
		if err != nil {
			break
		}
		said = append(said, b[:n]...)
	}
	return string(bytes.ReplaceAll(said, []byte{0xc3}, nil))
}

// serverNameOf returns the name that a TLS client wants.
func serverNameOf(c net.Conn) (name string) {
	_ = tls.Server(c, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		name = hello.ServerName
		return nil, io.EOF
	}}).Handshake()
	return name
}
