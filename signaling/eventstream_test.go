package signaling_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
	"tilemix/signaling/access"
)

// listener is a client that has no WebSocket: it reads events, and posts its messages.
type listener struct {
	client  *http.Client
	address string // of its session
	events  chan [2]string
	cancel  context.CancelFunc
}

// hark is [dial] without a WebSocket.
func hark(t testing.TB, base, name string) socket {
	t.Helper()
	return listenAt(t, base+"/sse/hall?name="+strings.ReplaceAll(url.PathEscape(name), " ", "+"))
}

func listenAt(t testing.TB, at string, header ...string) socket {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	l := &listener{client: narrow(), events: make(chan [2]string), cancel: cancel}
	resp, err := l.client.Do(r) //nolint:bodyclose,nolintlint // the reader below closes it
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer resp.Body.Close()
		l.pump(ctx, resp.Body)
	}()
	t.Cleanup(func() {
		_ = l.Close(3000, "") // with a word the server does not wait for one
		cancel()
		<-done
	})
	first := <-l.events
	var session struct{ Address string }
	if err := json.Unmarshal([]byte(first[1]), &session); err != nil || first[0] != "session" {
		t.Fatalf("the stream begins with %q, %v", first, err)
	}
	there, err := r.URL.Parse(session.Address)
	if err != nil {
		t.Fatal(err)
	}
	l.address = there.String()
	return socket{l}
}

// pump reads events, one ahead of what is asked for, until the stream ends.
func (l *listener) pump(ctx context.Context, stream io.Reader) {
	defer close(l.events)
	var event [2]string
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "event":
			event[0] = value
		case "data":
			event[1] = value
		case "":
			select {
			case l.events <- event:
			case <-ctx.Done():
				return
			}
			event = [2]string{}
		}
	}
}

func (l *listener) Read(ctx context.Context) (kind websocket.MessageType, data []byte, err error) {
	for {
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case event, ok := <-l.events:
			switch {
			case !ok:
				return 0, nil, io.ErrUnexpectedEOF
			case event[0] == "ping":
				if err := l.post(ctx, "[]"); err != nil {
					return 0, nil, err
				}
			case event[0] == "close":
				why := websocket.CloseError{}
				err := json.Unmarshal([]byte(event[1]), &why)
				return 0, nil, errors.Join(err, why)
			default:
				return websocket.MessageText, []byte(event[1]), nil
			}
		}
	}
}

func (l *listener) Write(ctx context.Context, _ websocket.MessageType, data []byte) error {
	switch {
	case len(data) == 0:
		data = []byte(`[""]`)
	case json.Valid(data):
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	return l.post(ctx, string(data))
}

func (l *listener) post(ctx context.Context, body string) error {
	return l.request(ctx, http.MethodPost, l.address, body)
}

func (l *listener) Close(code websocket.StatusCode, _ string) error {
	return l.request(context.Background(), http.MethodDelete, fmt.Sprintf("%s?code=%d", l.address, code), "")
}

func (l *listener) CloseNow() error {
	l.cancel()
	return nil
}

func (l *listener) request(ctx context.Context, method, at, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		said, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s", resp.Status, said)
	}
	return nil
}

// TestEventStreamOpens opens a stream in each way that is refused, and leaves nobody behind.
func TestEventStreamOpens(t *testing.T) {
	srv := newServer(t)
	base := serve(t, srv, signaling.Default())
	for name, tt := range map[string]struct {
		path, body string
		header     []string
		status     int
	}{
		"other origin":  {"/sse/hall?name=a", "", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"opaque origin": {"/sse/hall?name=a", "", []string{"Origin", "null"}, http.StatusForbidden},
		"bad room":      {"/sse/no%20room?name=a", "", nil, http.StatusBadRequest},
		"bad name":      {"/sse/hall?name=%ff", "", nil, http.StatusBadRequest},
		"body":          {"/sse/hall?name=a", "{}", nil, http.StatusBadRequest},
	} {
		r := do(t, http.MethodPost, base+tt.path, tt.body, tt.header...)
		if r.StatusCode != tt.status {
			t.Errorf("%s: %s %s, want %d", name, r.Status, r.body, tt.status)
		}
		wantError(t, r)
	}
	do(t, http.MethodGet, base+"/sse/hall?name=a", "").want(t, http.StatusMethodNotAllowed)
	srv.wantRooms(t)
}

// TestEventStreamPosts sends what a session takes, what it refuses, and what is no session's.
func TestEventStreamPosts(t *testing.T) {
	base := serve(t, newServer(t), signaling.Default())
	ada := hark(t, base, "Ada")
	at := ada.connection.(*listener).address
	post := func(body string, header ...string) reply {
		return do(t, http.MethodPost, at, body, append([]string{"Content-Type", "application/json"}, header...)...)
	}
	post(`{"type":"alive"}`).want(t, http.StatusNoContent)
	next[control.Alive](t, ada)
	post(`[{"type":"alive"},{"type":"chat"},{"type":"alive"}]`).want(t, http.StatusNoContent)
	next[control.Alive](t, ada)
	next[control.Error](t, ada)
	next[control.Alive](t, ada)
	post("").want(t, http.StatusBadRequest)
	post("[}").want(t, http.StatusBadRequest)
	post("["+strings.Repeat("1,", 100)+"1]").want(t, http.StatusBadRequest)
	post(strings.Repeat("x", 64<<10+1)).want(t, http.StatusRequestEntityTooLarge)
	post("{}", "Content-Type", "text/plain").want(t, http.StatusUnsupportedMediaType)
	do(t, http.MethodPost, at+"x", "{}", "Content-Type", "application/json").want(t, http.StatusNotFound)
	for _, code := range []string{"none", "999", "5000"} {
		do(t, http.MethodDelete, at+"?code="+code, "").want(t, http.StatusBadRequest)
	}
	ada.connect(t)
	ben := hark(t, base, "Ben")
	ben.connect(t)
	next(t, ben, crowd(2))
	do(t, http.MethodDelete, at, "").want(t, http.StatusNoContent)
	next(t, ben, crowd(1))
	poll.Until(t, "the session's end", func() bool { return post("{}").StatusCode == http.StatusNotFound })
}

// TestEventStreamResumes comes back with the token in a header, and by a code that goes before the stream
// and one that comes after it.
func TestEventStreamResumes(t *testing.T) {
	base := serve(t, newServer(t), signaling.Default())
	ada := hark(t, base, "Ada")
	welcome := next[control.Welcome](t, ada)
	ada.connect(t)
	next(t, ada, crowd(1))
	ben := hark(t, base, "Ben")
	ben.connect(t)
	next(t, ben, crowd(2))
	_ = ada.CloseNow()
	back := listenAt(t, base+"/sse/hall?name=Ada", "Tilemix-Resume", welcome.Resume)
	if m := next[control.Welcome](t, back); m.ID != welcome.ID {
		t.Errorf("came back as %s, not %s", m.ID, welcome.ID)
	}
	back.connect(t)
	next(t, back, crowd(2))
	_ = back.CloseNow() // the code comes after the stream's end
	if err := back.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	next(t, ben, crowd(1))
}

// TestEventStreamInvites lets in who has an invite, with the rights that it gives.
func TestEventStreamInvites(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	do(t, http.MethodPost, url+"/sse/den?name=Eve", "").want(t, http.StatusUnauthorized)
	secret, _ := invited(t, url, `{"role":"host"}`)
	host := listenAt(t, url+"/sse/den?name=Ada", "Authorization", "Bearer "+secret)
	if w := next[control.Welcome](t, host); w.Role != "host" || len(w.Rights) == 0 {
		t.Errorf("the host is %+v", w)
	}
}

// TestEventStreamFloods posts as fast as it can: an address gets what its bucket has, and a session reads
// what a WebSocket would.
func TestEventStreamFloods(t *testing.T) {
	base := serve(t, newServer(t), behindProxy())
	began, taken := time.Now(), 0
	for range 100 {
		r := do(t, http.MethodPost, base+"/sse/no%20room", "", "X-Forwarded-For", attacker)
		if r.StatusCode != http.StatusTooManyRequests {
			taken++
		}
	}
	if most := 50 + int(10*time.Since(began).Seconds()) + 1; taken < 50 || taken > most {
		t.Errorf("%d of 100 requests were taken, want 50 to %d", taken, most)
	}
	eve := hark(t, base, "Eve").connection.(*listener)
	hundred := "[" + strings.Repeat("1,", 99) + "1]" // as many as are taken at once; then it is 20 a second
	if err := eve.post(t.Context(), hundred); err != nil {
		t.Errorf("the first hundred messages: %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if eve.post(soon, hundred) == nil {
		t.Error("a session took a second hundred messages in a second")
	}
	pings := hark(t, base, "Pat").connection.(*listener)
	ctx, stop := context.WithTimeout(t.Context(), poll.Patience)
	defer stop()
	var flood sync.WaitGroup
	for range 4 { // one alone may be slower than what is taken
		flood.Go(func() {
			for pings.post(ctx, "[]") == nil {
			}
		})
	}
	if flood.Wait(); ctx.Err() != nil {
		t.Fatal("a client may answer pings that nobody sent for ever")
	}
	counted(t, base, "tilemix_websocket_flood_closed_total 1\n", "X-Forwarded-For", "127.0.0.1")
}

// TestEventStreamBusy has posts wait for a socket that reads slowly: a few may, and the rest is refused.
func TestEventStreamBusy(t *testing.T) {
	cfg := signaling.Default()
	cfg.Rate, cfg.Burst = 1e-3, 1
	eve := hark(t, serve(t, newServer(t), cfg), "Eve").connection.(*listener)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answers := make(chan error, 12)
	for range cap(answers) {
		go func() { answers <- eve.post(ctx, `[{"type":"alive"},{"type":"alive"},{"type":"alive"}]`) }()
	}
	for range cap(answers) - 8 {
		if err := <-answers; err == nil || !strings.Contains(err.Error(), "429") {
			t.Errorf("a post is answered %v", err)
		}
	}
	cancel()
	for range 8 {
		if err := <-answers; err == nil {
			t.Error("a post that is cut off is answered")
		}
	}
}

// TestEventStreamSchema sends one of each message that a client has. The server answers each in words of
// its schema, and the session stays.
func TestEventStreamSchema(t *testing.T) {
	base := serve(t, newServer(t), signaling.Default())
	ada := hark(t, base, "Ada")
	ada.connect(t)
	next(t, ada, crowd(1))
	for _, m := range control.FromClient() {
		if _, ends := m.(control.End); ends {
			continue
		}
		data, err := control.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := ada.Write(t.Context(), websocket.MessageText, bytes.TrimSpace(data)); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		ada.send(t, `{"type":"alive"}`)
		next[control.Alive](t, ada) // read checks what came before it
	}
	ada.send(t, `{"type":"end"}`)
	if status := ada.closed(t); status != websocket.StatusGoingAway {
		t.Errorf("the end of the room closes with %v", status)
	}
}
