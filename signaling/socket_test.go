package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// remote is a session that is no participant of this machine.
type remote struct {
	done chan struct{}

	mu    sync.Mutex
	calls []string
}

func (r *remote) note(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

func (r *remote) Offer(ctx context.Context, sdp string) (string, error) {
	r.note("offer " + sdp)
	switch sdp {
	case "bad":
		return "", mcu.ErrBadSDP
	case "slow":
		<-ctx.Done()
		return "", ctx.Err()
	case "broken":
		return "", errors.New("password hunter2")
	}
	return "answer to " + sdp, nil
}

func (r *remote) Candidate(c control.CandidateInit) error {
	r.note("candidate " + c.Candidate)
	return nil
}

func (r *remote) Command(m control.Message) { r.note("command " + m.Type()) }
func (r *remote) Done() <-chan struct{}     { return r.done }
func (r *remote) Leave()                    { r.note("leave") }

func (r *remote) Lose(goodbye bool) {
	if goodbye {
		r.note("lose, goodbye")
	} else {
		r.note("lose")
	}
}

// serveRemote runs a socket for a remote session and returns the client's end.
func serveRemote(t *testing.T, r *remote) (client *websocket.Conn, ended <-chan struct{}) {
	t.Helper()
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		defer close(done)
		conn, err := websocket.Accept(w, q, nil)
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithCancel(q.Context())
		defer cancel()
		k := &socket{
			session: r, conn: conn, cancel: cancel, queue: make(chan control.Message, 16), taken: make(chan struct{}),
			pace: rate.NewLimiter(rate.Inf, 1), socketCounts: newSocketCounts(), restarts: rate.NewLimiter(rate.Inf, 1), dear: func() error { return nil }, noted: func(error) {}, offer: 50 * time.Millisecond, every: time.Minute,
		}
		k.run(ctx)
		k.part()
	}))
	t.Cleanup(s.Close)
	client, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.CloseNow() })
	return client, done
}

// TestSocketOfSession runs a WebSocket on a Session that is no participant: the socket
// hands on each message and sends each answer or its error.
func TestSocketOfSession(t *testing.T) {
	r := &remote{done: make(chan struct{})}
	client, ended := serveRemote(t, r)
	for _, c := range []struct{ send, want string }{
		{`{"type":"offer","sdp":"v=0"}`, `{"type":"answer","sdp":"answer to v=0"}`},
		{`{"type":"offer","sdp":"bad"}`, `{"type":"error","error":"` + mcu.ErrBadSDP.Error() + `","code":"bad_sdp"}`},
		{`{"type":"offer","sdp":"slow"}`, `{"type":"error","error":"the server did not finish this request in time","code":"unavailable"}`},
		{`{"type":"offer","sdp":"broken"}`, `{"type":"error","error":"internal error","code":"internal"}`},
		{`{"type":"answer","sdp":"v=0"}`, `{"type":"error","error":"the server sent no offer that this could answer","code":"bad_request"}`},
		{`{"type":"candidate","candidate":{"candidate":"c"}}`, ""},
		{`{"type":"mute","audioMuted":true,"videoMuted":false}`, ""},
		{`{"type":"layout","name":"grid"}`, ""},
		{`{"type":"chat"}`, `{"type":"error","error":"invalid control message: text or file is missing","code":"bad_request"}`},
		{`{"type":"alive"}`, `{"type":"alive"}`},
	} {
		if err := client.Write(t.Context(), websocket.MessageText, []byte(c.send)); err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			continue
		}
		_, got, err := client.Read(t.Context())
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.send, got, err, c.want)
		}
	}
	if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	<-ended
	want := "offer v=0, offer bad, offer slow, offer broken, candidate c, command mute, command layout, leave"
	if got := strings.Join(r.calls, ", "); got != want {
		t.Errorf("the session got %s, want %s", got, want)
	}
}

// TestSocketParts ends a WebSocket in each way that a client has.
func TestSocketParts(t *testing.T) {
	for _, c := range []struct {
		code websocket.StatusCode
		want string
	}{
		{websocket.StatusNormalClosure, "leave"},
		{websocket.StatusGoingAway, "lose, goodbye"},
		{pageGone, "lose, goodbye"},
		{websocket.StatusCode(3000), "lose"},
		{-1, "lose"}, // the connection breaks
	} {
		r := &remote{done: make(chan struct{})}
		client, ended := serveRemote(t, r)
		if c.code < 0 {
			_ = client.CloseNow()
		} else if err := client.Close(c.code, ""); err != nil {
			t.Errorf("%d: %v", c.code, err)
		}
		<-ended
		if got := strings.Join(r.calls, ", "); got != c.want {
			t.Errorf("%d: the session got %q, want %q", c.code, got, c.want)
		}
	}
}

// TestSocketEnds closes the WebSocket when the session ends.
func TestSocketEnds(t *testing.T) {
	r := &remote{done: make(chan struct{})}
	client, ended := serveRemote(t, r)
	close(r.done)
	if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("closed with %v", err)
	}
	<-ended
}

// TestChatIsSpare has chat wait for a client that does not read: it takes half of the queue, and
// closes nobody. What a client needs fills the rest, and then closes it.
func TestChatIsSpare(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &socket{queue: make(chan control.Message, 8), cancel: cancel, socketCounts: newSocketCounts()}
	for range 100 {
		k.send(control.Chat{})
	}
	if len(k.queue) != 4 || ctx.Err() != nil {
		t.Errorf("%d wait; ended: %v", len(k.queue), ctx.Err())
	}
	for range 4 {
		k.send(control.Alive{})
	}
	if ctx.Err() != nil {
		t.Error("a queue that is just full ends the connection")
	}
	if k.send(control.Alive{}); ctx.Err() == nil {
		t.Error("what does not fit does not end the connection")
	}
}
