package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec/h264"
	"tilemix/mcu/mcutest/poll"
)

// siegeVariable is how long the floods of TestSiege last; a long test is
// TILEMIX_SIEGE=30s go test -run TestSiege ./cmd/tilemix.
const siegeVariable = "TILEMIX_SIEGE"

func siegeTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(siegeVariable)
	if text == "" {
		return 1500 * time.Millisecond
	}
	d, err := time.ParseDuration(text)
	if err != nil || d > time.Minute {
		t.Fatalf("%s is %q, and takes a time of at most 1m", siegeVariable, text)
	}
	return d
}

// fewFiles has a server begin with 1000 descriptors.
func fewFiles() []string { return []string{"sh", "-c", `ulimit -n 1000; exec "$@"`, "sh"} }

// burst (400 ms) of CPU may go to what an address may send at once, 50 dear requests, besides what it
// may send each second.
const burst = 400 * time.Millisecond

// TestSiege has strangers attack a server beside a call of four. The call loses no picture and no sound,
// no attack costs much, and when the strangers are gone, nothing is left of them.
func TestSiege(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	unpack(t, "../../mcu/gateway/testdata/wide.mkv.gz", filepath.Join(dir, "wide.mkv"))
	var told atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if strings.Contains(string(text), "Eve") {
			told.Add(1)
		}
	}))
	defer hook.Close()
	f := fortify(t, fewFiles(), "--data-dir", dir, "--trusted-proxy", ownProxy, "--webhook", hook.URL, "--webhook-secret", webhookSecret, "--allow-private-outputs")
	slow := f.cheapOffers(t)
	fresh, goroutines := f.memory(t), f.metric(t, "go_goroutines")
	c, d := f.call(t), siegeTime(t)
	calm := c.beside(t, func() { time.Sleep(d) })
	calm.log(t)
	for _, row := range []struct {
		name string
		fps  float64 // least
		cpu  float64 // cores, at most, beside the call
		run  func(t *testing.T)
	}{
		{"hostile offers", 29, 0.3, func(t *testing.T) { f.offers(t, 40, "dead", hostileOffer(900)) }},
		{"joins that never connect", 29, 0.3, func(t *testing.T) { f.strangersJoin(t, dir, d) }},
		{"restarts and offers", 29, 0.3, func(t *testing.T) { f.restarts(t, d) }},
		{"long headers", 29, 0.3, func(t *testing.T) { f.longHeaders(t) }},
		{"half requests", 29, 0.3, func(t *testing.T) { f.halfRequests(t, d) }},
		{"frames without messages", 29, 0.3, func(t *testing.T) { f.frames(t, d) }},
		{"flood of requests", 29.4, 0.5, func(t *testing.T) { f.flood(t, d, "GET / HTTP/1.1\r\n") }},
		{"hostile input", 29, 0.3, func(t *testing.T) { f.hugePictures(t, d) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := c.beside(t, func() { row.run(t) })
			for again := 2; again > 0 && h.harmed(row.fps) && h.others > little; again-- {
				h.log(t)
				h = c.beside(t, func() { row.run(t) }) // an attack that harms does so each time
			}
			c.unharmed(t, h, row.fps)
			more := h.cores() - calm.cores()
			most := slow * (row.cpu + burst.Seconds()/h.took.Seconds())
			t.Logf("%.2f cores of %.2f", more, most)
			if more > most && max(h.others, calm.others) > busy {
				t.Log("not judged: the call has more of the processor now than when it was alone")
			} else if more > most {
				t.Errorf("it took %.2f cores, want %.2f", more, most)
			}
		})
	}
	if n := told.Load(); n > 0 {
		t.Errorf("%d events of strangers were told", n)
	}
	c.leave()
	t.Parallel() // what follows waits
	f.freed(t, fresh, goroutines)
}

// cheapOffers sends 40 hostile offers to a server that has no call. They cost little more than honest ones do, on any
// machine. It returns how much dearer those are than on a machine for which bounds of CPU are meant, 1 at least.
func (f *fortress) cheapOffers(t *testing.T) (slow float64) {
	t.Helper()
	const meant = 120 * time.Millisecond
	cost := func(room, offer string) time.Duration {
		before := f.cpu(t)
		f.offers(t, 40, room, offer)
		time.Sleep(time.Second) // some work comes after the answers
		return f.cpu(t) - before
	}
	honest := cost("live", hostileOffer(0))
	hostile := cost("dead", hostileOffer(900))
	t.Logf("40 honest offers took %v of CPU, 40 hostile ones %v", honest, hostile)
	if most := 2*honest + 100*time.Millisecond; hostile > most {
		t.Errorf("40 hostile offers took %v of CPU, want %v", hostile, most)
	}
	return max(1, honest.Seconds()/meant.Seconds())
}

// strangersJoin has strangers join a room that is recorded. The file beside the recording stays small.
func (f *fortress) strangersJoin(t *testing.T, dir string, d time.Duration) {
	t.Helper()
	status, text, header := f.do(t, http.MethodPost, "/api/v1/rooms/call/recordings", `{"tracks":true}`, "Content-Type", "application/json")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	taken := f.joins(t, d)
	if most := 50 + int(10*d.Seconds()) + 10; taken > most || taken == 0 {
		t.Errorf("%d joins were taken, want at most %d", taken, most)
	}
	if waiting := f.metric(t, "tilemix_webhook_queued_events"); waiting > 5 {
		t.Errorf("%v events wait", waiting)
	}
	f.do(t, http.MethodDelete, header.Get("Location"), "")
	var info struct{ ID string }
	_ = json.Unmarshal([]byte(text), &info)
	beside, err := os.ReadFile(filepath.Join(dir, info.ID+".json"))
	if found, _ := filepath.Glob(filepath.Join(dir, "*", info.ID+".json")); err != nil && len(found) > 0 {
		beside, err = os.ReadFile(found[0])
	}
	if err != nil || len(beside) > 1<<20 || strings.Contains(string(beside), "Eve") {
		t.Errorf("beside the recording are %d bytes, %v", len(beside), err)
	}
}

// longHeaders sends headers of 900 KB, and WebSockets with all the header that a request may have.
func (f *fortress) longHeaders(t *testing.T) {
	t.Helper()
	before := f.memory(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	long := strings.Repeat("a: b\r\n", 150_000)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			conn, err := f.connect(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n"+long)
			answer, _ := io.ReadAll(conn)
			if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 431") { // or it is cut off
				t.Errorf("it answers %.40q", answer)
			}
		})
	}
	all.Wait()
	for i := range 180 {
		conn, err := f.upgrade(ctx, "X-Long: "+strings.Repeat("x", 15<<10)+"\r\n")
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 12)
		if _, err := io.ReadFull(conn, head); err != nil || i == 0 && string(head) != "HTTP/1.1 101" {
			t.Fatalf("WebSocket %d: %q, %v", i, head, err)
		}
	}
	if more := f.memory(t) - before; more > 40 {
		t.Errorf("180 WebSockets with long headers take %d MiB more", more)
	}
}

// halfRequests opens more connections than the server has descriptors for. It answers again as they go.
func (f *fortress) halfRequests(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	f.halfOpen(ctx, 1500, "GET / HTTP/1.1\r\nHost: localhost\r\n")
	f.http.CloseIdleConnections()
	began := time.Now()
	poll.Until(t, "an answer", func() bool {
		response, err := f.http.Get(f.url + "/healthz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	// A server without descriptors looks every second for one (net/http). One that does not notice how clients go has none
	// until headerTimeout.
	if took := time.Since(began); took > headerTimeout/2 {
		t.Errorf("it answers after %v", took)
	}
}

// flood sends 2000 requests a second, and keeps 500 connections open that only begin.
func (f *fortress) flood(t *testing.T, d time.Duration, first string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var half sync.WaitGroup
	half.Go(func() { f.halfOpen(ctx, 500, first) })
	if n := f.request(ctx, 2000); float64(n) < 1500*d.Seconds() {
		t.Logf("only %d requests in %v", n, d)
	}
	half.Wait()
}

// hugePictures adds an input of pictures of 16000x16000 that goes on and on. Its children stay small, and
// the call goes before them.
func (f *fortress) hugePictures(t *testing.T, d time.Duration) {
	t.Helper()
	status, text, header := f.do(t, http.MethodPost, "/api/v1/rooms/call/inputs", `{"url":"file:wide.mkv","loop":true}`, "Content-Type", "application/json")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	peak, nice := 0, 0
	look := func() {
		for _, pid := range f.children() {
			if n, ok := processMiB(pid, "VmHWM:"); ok {
				peak = max(peak, n)
			}
			nice = max(nice, niceness(pid))
		}
	}
	least := min(niceness(f.pid)+10, 19)
	poll.Until(t, fmt.Sprintf("a child of niceness %d", least), func() bool { look(); return nice >= least })
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		look()
	}
	t.Logf("children took %d MiB", peak)
	if peak == 0 || peak > 512 {
		t.Errorf("children took %d MiB", peak)
	}
	f.do(t, http.MethodDelete, header.Get("Location"), "")
}

// freed waits until a server is as it was before its guests came.
func (f *fortress) freed(t *testing.T, fresh int, goroutines float64) {
	t.Helper()
	began := time.Now()
	poll.Until(t, "no rooms", func() bool {
		_, rooms, _ := f.do(t, http.MethodGet, "/api/v1/rooms", "")
		return strings.TrimSpace(rooms) == `{"rooms":[]}`
	})
	poll.Until(t, "goroutines to end", func() bool { return f.metric(t, "go_goroutines") <= goroutines+10 })
	t.Logf("free after %v", time.Since(began))
	var now int
	poll.Until(t, "memory to come back", func() bool { now = f.memory(t); return now <= fresh+60 })
	t.Logf("%d MiB, at the start %d MiB, after %v", now, fresh, time.Since(began))
}

// unpack writes a file that is compressed.
func unpack(t *testing.T, from, to string) {
	t.Helper()
	packed, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSiegeTLS floods a server that has an authority of its own, beside a call of four.
func TestSiegeTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	f := fortify(t, fewFiles(), "--tls", "self", "--data-dir", t.TempDir())
	fresh, goroutines := f.memory(t), f.metric(t, "go_goroutines")
	c := f.call(t)
	// A TLS record that announces a ClientHello of 512 bytes, and its first bytes (RFC 8446 §5.1).
	c.unharmed(t, c.beside(t, func() { f.flood(t, siegeTime(t), "\x16\x03\x01\x02\x00\x01\x00\x01") }), 29.4)
	c.leave()
	t.Parallel() // what follows waits
	f.freed(t, fresh, goroutines)
}

// TestHugeCameras has ten cameras of 4096x2304 come to a call and leave. They take little memory, and give
// back what they took.
func TestHugeCameras(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	f := fortify(t, nil, "--data-dir", t.TempDir())
	fresh, most := f.memory(t), 0
	clip := filmed(t, image.Pt(4096, 2304), 3, 4_000_000)
	var leave []func()
	for i := range 10 {
		_, out := f.join(t, "huge", fmt.Sprint("camera ", i), bot.Options{Clip: clip})
		leave = append(leave, out)
	}
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		most = max(most, f.memory(t))
	}
	for _, out := range leave {
		out()
	}
	left := time.Now()
	poll.Until(t, "memory to come back", func() bool { return f.memory(t) <= fresh+60 })
	t.Logf("%d MiB at the start, %d MiB with ten, %d MiB %v after they left", fresh, most, f.memory(t), time.Since(left))
	if took := time.Since(left); most > 600 || took > 30*time.Second {
		t.Errorf("ten take %d MiB, and the server has its memory back after %v", most, took)
	}
}
