package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
)

// ownProxy is an address of this machine that the server trusts as a proxy, and stranger an address behind it.
const ownProxy, stranger = "127.0.0.9", "203.0.113.1"

// behindProxy is a copy of f whose requests come by the proxy.
func (f *fortress) behindProxy(t *testing.T) *fortress {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ownProxy)}}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	far := *f
	far.dialer, far.forwarded = dialer, "X-Forwarded-For: "+stranger+"\r\n"
	far.http = &http.Client{Transport: transport, Timeout: poll.Patience}
	return &far
}

// hostileOffer is an offer that names addresses, with credentials as long as may be. 900 of them make 61 KB.
func hostileOffer(candidates int) string {
	const fingerprint = "a=fingerprint:sha-256 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00"
	section := func(mid int, lines ...string) string {
		common := []string{
			lines[0], "c=IN IP4 0.0.0.0", "a=ice-ufrag:" + strings.Repeat("u", 256), "a=ice-pwd:" + strings.Repeat("p", 256),
			fingerprint, "a=setup:actpass", fmt.Sprint("a=mid:", mid),
		}
		return strings.Join(append(common, lines[1:]...), "\r\n") + "\r\n"
	}
	var named strings.Builder
	for i := range candidates {
		fmt.Fprintf(&named, "a=candidate:%d 1 udp %d 192.0.2.%d 4000 typ host\r\n", i, 2130706431-i, i%250+1)
	}
	return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n" +
		section(0, "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2") + named.String() +
		section(1, "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:96 H264/90000",
			"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f") +
		section(2, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000")
}

// offers sends an offer n times, to four rooms whose names begin alike.
func (f *fortress) offers(t *testing.T, n int, room, offer string) {
	t.Helper()
	for i := range n {
		status, text, _ := f.do(t, http.MethodPost, fmt.Sprint("/whip/", room, i%4, "?name=Eve"), offer, "Content-Type", "application/sdp")
		if status != http.StatusCreated {
			t.Fatalf("offer %d of %d bytes: %d %s", i, len(offer), status, text)
		}
	}
}

// joins has four workers of one address join the call for a while, never connect, and leave. It returns
// how many joins were taken.
func (f *fortress) joins(t *testing.T, d time.Duration) (taken int) {
	offer := strings.ReplaceAll(hostileOffer(900), "a=candidate:", "a=x:")
	t.Helper()
	far := f.behindProxy(t)
	var n atomic.Int32
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				status, _, header := far.do(t, http.MethodPost, "/whip/call?name=Eve", offer, "Content-Type", "application/sdp", "X-Forwarded-For", stranger)
				if status == http.StatusCreated {
					n.Add(1)
					far.do(t, http.MethodDelete, header.Get("Location"), "", "X-Forwarded-For", stranger)
				}
			}
		})
	}
	workers.Wait()
	return int(n.Load())
}

// restarts has one address restart a session's ICE, and send offers by WebSockets, as fast as it can.
func (f *fortress) restarts(t *testing.T, d time.Duration) {
	t.Helper()
	far, offer := f.behindProxy(t), hostileOffer(900)
	session := ""
	poll.Until(t, "a session for an address that has just sent too much", func() bool {
		status, text, header := far.do(t, http.MethodPost, "/whip/call?name=Eve", offer, "Content-Type", "application/sdp", "X-Forwarded-For", stranger)
		if status != http.StatusCreated && status != http.StatusTooManyRequests {
			t.Fatalf("%d %s", status, text)
		}
		session = header.Get("Location")
		return status == http.StatusCreated
	})
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				fragment := fmt.Sprintf("a=ice-ufrag:eve%d%d\r\na=ice-pwd:%s\r\n", i, n, strings.Repeat("p", 256))
				far.do(t, http.MethodPatch, session, fragment, "Content-Type", "application/trickle-ice-sdpfrag", "If-Match", "*", "X-Forwarded-For", stranger)
			}
		})
		all.Go(func() {
			message := []byte(fmt.Sprintf(`{"type":"offer","sdp":%q}`, offer))
			frame := append([]byte{0x81, 0xff, 0, 0, 0, 0, 0, byte(len(message) >> 16), byte(len(message) >> 8), byte(len(message)), 0, 0, 0, 0}, message...)
			for ctx.Err() == nil {
				conn, err := far.upgrade(ctx, "")
				if err == nil {
					go func() { _, _ = io.Copy(io.Discard, conn) }()
				}
				for err == nil {
					_, err = conn.Write(frame)
				}
				select { // the server has closed it
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	far.do(t, http.MethodDelete, session, "", "X-Forwarded-For", stranger)
}

// connect opens a connection to the server, which the attack's end closes.
func (f *fortress) connect(ctx context.Context) (net.Conn, error) {
	_, address, _ := strings.Cut(f.url, "://")
	conn, err := f.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, nil
}

// halfOpen keeps n connections open that say no more than a first part, until ctx ends. What the server
// closes is opened again a second later.
func (f *fortress) halfOpen(ctx context.Context, n int, first string) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				if conn, err := f.connect(ctx); err == nil {
					_, _ = io.WriteString(conn, first)
					_, _ = io.Copy(io.Discard, conn) // until it closes
					_ = conn.Close()
				}
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
}

// request writes requests at a rate, of what anybody may ask, until ctx ends. It returns how many.
func (f *fortress) request(ctx context.Context, perSecond int) int {
	const conns, every = 8, 20 * time.Millisecond
	var asked atomic.Int64
	var all sync.WaitGroup
	for range conns {
		all.Go(func() {
			conn, err := f.connect(ctx)
			if err != nil {
				return
			}
			if strings.HasPrefix(f.url, "https:") {
				conn = overTLS(conn)
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			tick := time.NewTicker(every)
			defer tick.Stop()
			paths := []string{"/healthz", "/", "/api/v1/rooms", "/r/call", "/api/v1/rooms/call/recordings", "/nothing", "/static/call.js", "/whip/call"}
			for n := 0; ; {
				var some strings.Builder
				for range perSecond * int(every/time.Millisecond) / 1000 / conns {
					fmt.Fprintf(&some, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[n%len(paths)])
					n++
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					asked.Add(int64(n))
					return
				}
				if _, err := io.WriteString(conn, some.String()); err != nil {
					asked.Add(int64(n))
					return
				}
			}
		})
	}
	all.Wait()
	return int(asked.Load())
}

// upgrade opens a WebSocket with more lines in its header, and returns its connection.
func (f *fortress) upgrade(ctx context.Context, lines string) (net.Conn, error) {
	conn, err := f.connect(ctx)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(conn, "GET /ws/call?name=Eve HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+f.forwarded+lines+"\r\n")
	return conn, err
}

// frames sends frames that are no messages for a while, as fast as the server reads them.
func (f *fortress) frames(t *testing.T, d time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for _, frame := range []string{"\x8a\x80abcd", "\x00\x80abcd"} {
		all.Go(func() {
			for ctx.Err() == nil {
				conn, err := f.upgrade(ctx, "")
				if err == nil {
					go func() { _, _ = io.Copy(io.Discard, conn) }()
					_, err = io.WriteString(conn, "\x01\x80abcd")
				}
				for err == nil {
					_, err = io.WriteString(conn, strings.Repeat(frame, 1000))
				}
				select { // the server has closed it
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
}

// overTLS returns a connection by TLS, to whichever server.
func overTLS(conn net.Conn) net.Conn { return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) }
