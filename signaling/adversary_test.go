package signaling_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

// TestReflector names another machine's address in offers and candidates a hundred times. That
// address gets no packet.
func TestReflector(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	at := sink.LocalAddr().(*net.UDPAddr)
	candidate := func(i int) string {
		return fmt.Sprintf("candidate:%d 1 udp %d 127.0.0.1 %d typ host", i, 2130706431-i, at.Port)
	}
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer := c.offer(t, false, false)
	var named strings.Builder
	for i := range 100 {
		named.WriteString("a=" + candidate(i) + "\r\n")
	}
	ufrag := regexp.MustCompile(`a=ice-ufrag:\w+`)
	hostile := ufrag.ReplaceAllString(offer, "a=ice-ufrag:"+strings.Repeat("u", 256)+"\r\n"+strings.TrimSpace(named.String()))
	do(t, http.MethodPost, url+"/whip/hall", ufrag.ReplaceAllString(offer, "a=ice-ufrag:"+strings.Repeat("u", 257)),
		"Content-Type", typeSDP).want(t, http.StatusBadRequest)
	created := do(t, http.MethodPost, url+"/whip/hall", hostile, "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	do(t, http.MethodPatch, url+created.Header.Get("Location"), "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na="+candidate(200)+"\r\n",
		"Content-Type", typeFrag, "If-Match", "*").want(t, http.StatusNoContent)
	eve := dial(t, url, "Eve")
	eve.send(t, fmt.Sprintf(`{"type":"offer","sdp":%q}`, hostile))
	next[control.Answer](t, eve)
	eve.send(t, fmt.Sprintf(`{"type":"candidate","candidate":{"sdpMid":"0","candidate":%q}}`, candidate(201)))

	got := 0
	_ = sink.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) // ICE sends its first checks at once
	for b := make([]byte, 1500); ; {
		n, err := sink.Read(b)
		if err != nil {
			break
		}
		got += n
	}
	if sent := len(hostile); got > 0 {
		t.Errorf("%d bytes reached another machine, %.1f for each byte of the request", got, float64(got)/float64(sent))
	}
}

// behindProxy is a configuration whose clients' addresses are what X-Forwarded-For says, as behind a
// proxy that is named.
func behindProxy() signaling.Config {
	cfg := signaling.Default()
	cfg.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return cfg
}

// The addresses of an attacker and of others.
const (
	attacker = "203.0.113.1"
	victim   = "198.51.100.2"
)

// TestSeatsAreTaken has four workers of one address join all the time and never connect. Another
// client joins each time within a second, and nothing of the workers is told to anybody.
func TestSeatsAreTaken(t *testing.T) {
	var told atomic.Int32
	rooms := mcu.DefaultConfig()
	rooms.MaxParticipants = 4
	rooms.Events = func(event.Event) { told.Add(1) }
	srv := newServerOf(t, rooms)
	url := serve(t, srv, behindProxy())
	idle := newClient(t, webrtc.RTPTransceiverDirectionSendrecv).offer(t, false, false)
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	var joined atomic.Int32
	late, attacked, lag := 0, time.Now(), poll.Lag(t)
	for i := range 4 {
		workers.Go(func() {
			for n := 0; ctx.Err() == nil && n < 400; n++ {
				room := "hall"
				if n%4 == 3 {
					room = fmt.Sprintf("dead%d-%d", i, n)
				}
				r := do(t, http.MethodPost, url+"/whip/"+room+"?name=Eve", idle, "Content-Type", typeSDP, "X-Forwarded-For", attacker)
				if r.StatusCode == http.StatusCreated {
					joined.Add(1)
				}
				time.Sleep(5 * time.Millisecond) // the pace of the attack
			}
		})
	}
	for range 20 {
		c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
		offer := c.offer(t, false, false)
		began := time.Now()
		r := do(t, http.MethodPost, url+"/whip/hall?name=Ada", offer, "Content-Type", typeSDP, "X-Forwarded-For", victim)
		r.want(t, http.StatusCreated)
		c.accept(t, r.body)
		c.wait(t)
		if took := time.Since(began); took > time.Second {
			late++
			t.Logf("joined after %v", took)
		}
		srv.wantRooms(t, mcu.RoomInfo{Name: "hall", Participants: 1})
		do(t, http.MethodDelete, url+r.Header.Get("Location"), "").want(t, http.StatusOK)
		srv.wantRooms(t)
	}
	stop()
	workers.Wait()
	// A machine that stands still for a moment has a join be late. An attack that succeeds has most be.
	if busy := lag(); late > 0 && busy > 5*time.Millisecond {
		t.Logf("not judged: %d of 20 joins took more than a second, with timers %v late (p95)", late, busy)
	} else if late > 2 {
		t.Errorf("%d of 20 joins took more than a second, with timers %v late (p95)", late, busy)
	}
	poll.Until(t, "the events of 20 joins", func() bool { return told.Load() >= 20*4 })
	if n := told.Load(); n != 20*4 { // room.started, participant.joined, participant.left, room.ended
		t.Errorf("%d events, want those of 20 joins", n)
	}
	if n, most := int(joined.Load()), 51+int(10*time.Since(attacked).Seconds()); n < 20 || n > most {
		t.Errorf("the workers joined %d times, want 20 to %d", n, most)
	}
}

// TestChatterers has a participant send chat and layouts as fast as it can. The others get as much
// as a room takes, and keep their connections.
func TestChatterers(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	ada := arrive(t, url, "Ada")
	evil := arrive(t, url, "Evil")
	stranger := dial(t, url, "Stranger")
	stranger.send(t, `{"type":"chat","text":"I never connect"}`)
	next(t, stranger, func(m control.Error) bool { return strings.Contains(m.Error, "media connection") })
	next(t, ada, crowd(2))
	chat := fmt.Sprintf(`{"type":"chat","text":%q}`, strings.Repeat("x", 1900))
	began := time.Now()
	var flood sync.WaitGroup
	flood.Go(func() {
		for range 36 {
			evil.send(t, chat)
			evil.send(t, `{"type":"layout","name":"speaker"}`)
			evil.send(t, `{"type":"layout","name":"grid"}`)
		}
		evil.send(t, `{"type":"alive"}`)
	})
	chats, layouts, refused := 0, 0, 0
	for done := false; !done; {
		m, err := evil.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch m.(type) {
		case control.Chat:
			chats++
		case control.Layout:
			layouts++
		case control.Error:
			refused++
		case control.Alive:
			done = true
		}
	}
	flood.Wait()
	seconds := time.Since(began).Seconds()
	if most := 10 + int(3*seconds) + 1; chats > most || chats < 10 {
		t.Errorf("%d chats in %.1f s, want 10 to %d", chats, seconds, most)
	}
	if most := 2 + int(seconds/2) + 3; layouts > most || refused == 0 {
		t.Errorf("%d layouts in %.1f s, want at most %d; %d refused", layouts, seconds, most, refused)
	}
	ada.send(t, `{"type":"alive"}`)
	next[control.Alive](t, ada)
	counted(t, url, "tilemix_websocket_slow_closed_total 0\n")
}

// TestDearRequests has one address join, trickle and restart as fast as it can: it gets as many as its
// bucket has, and is told when to come again. Another address is not held up.
func TestDearRequests(t *testing.T) {
	url := serve(t, newServer(t), behindProxy())
	from := func(address, method, path, body string, header ...string) reply {
		return do(t, method, url+path, body, append([]string{"X-Forwarded-For", address}, header...)...)
	}
	began, taken := time.Now(), 0
	for n := 0; n < 100 || taken == n && n < 1000; n++ { // a slow machine needs more until one is refused
		r := from(attacker, http.MethodPost, "/whip/hall", "no offer", "Content-Type", typeSDP)
		if r.StatusCode != http.StatusTooManyRequests {
			taken++
		} else if r.Header.Get("Retry-After") == "" {
			t.Fatal("it is not told when to come again")
		}
	}
	if most := 50 + int(10*time.Since(began).Seconds()) + 1; taken < 50 || taken > most {
		t.Errorf("%d requests were taken, want 50 to %d", taken, most)
	}
	from("2001:db8::7", http.MethodPost, "/whip/hall", "no offer", "Content-Type", typeSDP).want(t, http.StatusBadRequest)
	counted(t, url, `tilemix_refused_requests_total{reason="rate"} `, "X-Forwarded-For", "127.0.0.1")

	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := from(victim, http.MethodPost, "/whip/hall?name=Ada", c.offer(t, false, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	restarts, first := 0, time.Now()
	for i := range 12 {
		frag := fmt.Sprintf("a=ice-ufrag:abcd%d\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n", i)
		r := from(victim, http.MethodPatch, created.Header.Get("Location"), frag, "Content-Type", typeFrag, "If-Match", "*")
		if r.StatusCode == http.StatusOK {
			restarts++
		} else if r.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("%s %s", r.Status, r.body)
		}
	}
	if most := 5 + int(time.Since(first).Seconds()) + 1; restarts < 5 || restarts > most {
		t.Errorf("ICE restarted %d times at once, want 5 to %d", restarts, most)
	}
}

// TestEmptyFrames has a client send frames that are no messages: it is read slowly, and is closed where
// it wants answers.
func TestEmptyFrames(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	for name, frame := range map[string]string{
		"pings": "\x89\x80abcd", "pongs": "\x8a\x80abcd", "fragments": "\x01\x80abcd",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.(*net.TCPConn).SetWriteBuffer(4096)
			_ = conn.(*net.TCPConn).SetLinger(0) // at its end the server drops what it has not read
			_, err = conn.Write([]byte("GET /ws/hall?name=Eve HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			more := strings.Repeat(strings.Replace(frame, "\x01", "\x00", 1), 1000)
			began := time.Now()
			sent, err := conn.Write([]byte(frame + more)) // without a deadline, which could be over before it
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			for err == nil {
				var n int
				n, err = conn.Write([]byte(more))
				sent += n
			}
			// 512 KiB at once, 128 KiB a second, and the buffers of both ends.
			seconds := max(1, time.Since(began).Seconds())
			if most := 3<<19 + int((seconds-1)*(128<<10)); sent > most {
				t.Errorf("%d bytes in %.1f s, want at most %d", sent, seconds, most)
			}
			if name != "fragments" {
				counted(t, url, "tilemix_websocket_flood_closed_total ")
			}
		})
	}
}
