package signaling_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

// socket is a test's end of a WebSocket, or of an event stream.
type socket struct{ connection }

// connection is a [websocket.Conn], or a [listener].
type connection interface {
	Read(ctx context.Context) (websocket.MessageType, []byte, error)
	Write(ctx context.Context, kind websocket.MessageType, data []byte) error
	Close(code websocket.StatusCode, reason string) error
	CloseNow() error
}

// dialling is how a client joins the room "hall".
type dialling func(t testing.TB, base, name string) socket

// overEach runs a test over each kind of control connection.
func overEach(t *testing.T, test func(*testing.T, dialling)) {
	t.Helper()
	for name, dial := range map[string]dialling{"WebSocket": dial, "events and posts": hark} {
		t.Run(name, func(t *testing.T) { test(t, dial) })
	}
}

// arrive joins as a client does, and has its media connection stand.
func (d dialling) arrive(t testing.TB, base, name string) socket {
	t.Helper()
	s := d(t, base, name)
	s.connect(t)
	return s
}

// narrow is a client whose connections hold little that it has not read.
func narrow() *http.Client {
	dialer := net.Dialer{}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(4096)
			}
			return c, err
		},
	}}
}

// dial joins the room "hall" and returns before any message is read.
func dial(t testing.TB, base, name string) socket {
	t.Helper()
	ws := base + "/ws/hall?name=" + strings.ReplaceAll(url.PathEscape(name), " ", "+")
	//nolint:bodyclose // Dial has closed it
	conn, _, err := websocket.Dial(t.Context(), ws, &websocket.DialOptions{HTTPClient: narrow()})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return socket{conn}
}

// arrive joins the room "hall" as dial does, and has its media connection stand.
func arrive(t testing.TB, base, name string) socket {
	t.Helper()
	return dialling(dial).arrive(t, base, name)
}

// connect makes the media connection.
func (s socket) connect(t testing.TB) {
	t.Helper()
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer, err := control.Encode(control.Offer{SDP: c.offer(t, true, false)})
	if err != nil {
		t.Fatal(err)
	}
	s.send(t, string(offer))
	c.accept(t, next[control.Answer](t, s).SDP)
	c.wait(t)
}

// next reads until a message has the type and is as wanted.
func next[M control.Message](t testing.TB, s socket, wanted ...func(M) bool) M {
	t.Helper()
	for {
		m, err := s.read(t.Context())
		if err != nil {
			t.Fatalf("while waiting for a message: %v", err)
		}
		if m, ok := m.(M); ok && (len(wanted) == 0 || wanted[0](m)) {
			return m
		}
	}
}

func (s socket) read(ctx context.Context) (control.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, data, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := misfit("FromServer", data); err != nil {
		return nil, err
	}
	return control.Decode(data)
}

// closed reads until the server closes and returns its status.
func (s socket) closed(t testing.TB) websocket.StatusCode {
	t.Helper()
	for {
		if _, err := s.read(t.Context()); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func (s socket) send(t testing.TB, text string) {
	t.Helper()
	if err := s.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func crowd(n int) func(control.Participants) bool {
	return func(m control.Participants) bool { return len(m.Participants) == n }
}

func TestSocketCall(t *testing.T) { overEach(t, testCall) }

func testCall(t *testing.T, dial dialling) {
	srv := newServer(t)
	base := serve(t, withICEServers{srv}, signaling.Default())
	ada := dial(t, base, "Ada Łovelace")
	first, err := ada.read(t.Context())
	welcome, ok := first.(control.Welcome)
	if err != nil || !ok || welcome.ID == "" || welcome.Room != "hall" ||
		welcome.Name != "Ada Łovelace" {
		t.Errorf("the first message is %+v, %v", first, err)
	}
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer, err := control.Encode(control.Offer{SDP: c.offer(t, false, false)})
	if err != nil {
		t.Fatal(err)
	}
	ada.send(t, string(offer))
	c.accept(t, next[control.Answer](t, ada).SDP)
	candidate := lineOf(c.LocalDescription().SDP, "a=candidate:")
	ada.send(t, `{"type":"candidate","candidate":{"sdpMid":"0","candidate":"`+strings.TrimPrefix(candidate, "a=")+`"}}`)
	c.wait(t)

	bob := dial.arrive(t, base, "Bob")
	next(t, ada, crowd(2))
	bob.send(t, `{"type":"chat","text":"hello"}`)
	if m := next[control.Chat](t, ada); m.Text != "hello" || m.Name != "Bob" {
		t.Errorf("chat: %+v", m)
	}
	if err := bob.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	next(t, ada, crowd(1))
}

// A client that was cut off continues its session; one without such a token joins anew.
func TestSocketResumes(t *testing.T) { overEach(t, testResumes) }

func testResumes(t *testing.T, dial dialling) {
	base := serve(t, newServer(t), signaling.Default())
	ada := dial(t, base, "Ada")
	welcome := next[control.Welcome](t, ada)
	if welcome.Resume == "" {
		t.Fatal("there is no secret")
	}
	ada.connect(t)
	next(t, ada, func(m control.Layout) bool { return len(m.Tiles) == 1 })
	_ = ada.CloseNow() // without a word

	back := dial(t, base, "Ada&resume="+welcome.Resume)
	if m := next[control.Welcome](t, back); m.ID != welcome.ID {
		t.Errorf("came back as %s, not %s", m.ID, welcome.ID)
	}
	next(t, back, func(m control.Layout) bool { return len(m.Tiles) == 1 })
	other := dial(t, base, "Ada&resume="+welcome.Resume) // the same page in a second window
	next[control.Welcome](t, other)
	if status := back.closed(t); status < 4000 {
		t.Errorf("the first window was closed with %v and would come back", status)
	}
	stranger := dial(t, base, "Ada&resume=nonsense")
	if m := next[control.Welcome](t, stranger); m.ID == welcome.ID {
		t.Error("a stranger became Ada")
	}
	stranger.connect(t)
	next(t, other, crowd(2))
	if err := stranger.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	next(t, other, crowd(1))
}

// A goodbye over a connection that was replaced does not end the new one.
func TestSocketOldGoodbye(t *testing.T) { overEach(t, testOldGoodbye) }

func testOldGoodbye(t *testing.T, dial dialling) {
	base := serve(t, newServer(t), signaling.Default())
	old := dial(t, base, "Ada")
	welcome := next[control.Welcome](t, old)
	back := dial(t, base, "Ada&resume="+welcome.Resume)
	next[control.Welcome](t, back)
	_ = old.Close(websocket.StatusNormalClosure, "") // both say it at once
	back.send(t, `{"type":"alive"}`)
	next[control.Alive](t, back)
	back.connect(t)
	other := dial.arrive(t, base, "Ben")
	next(t, other, crowd(2))
}

// A client that comes back again and again has to wait, and its old connection is closed even where it
// does not answer.
func TestWebSocketResumesTooOften(t *testing.T) {
	base := serve(t, newServer(t), signaling.Default())
	const most = 4 * time.Second // a client has a second for its answer; without that the library closes after five
	took := resumeTooOften(t, base)
	for again := 2; again > 0 && took > most; again-- { // a server that is slow is so each time, and a busy machine is not
		t.Logf("it was closed after %v", took)
		took = resumeTooOften(t, base)
	}
	if took > most {
		t.Errorf("it was closed after %v", took)
	}
}

// resumeTooOften has a participant come back over a connection that does not answer, and then until it has to wait. It
// returns how long after the first of these the connection was closed.
func resumeTooOften(t *testing.T, base string) time.Duration {
	t.Helper()
	ada := dial(t, base, "Ada")
	secret := next[control.Welcome](t, ada).Resume
	deaf, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	_, err = io.WriteString(deaf, "GET /ws/hall?name=Ada&resume="+secret+" HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if status := ada.closed(t); status < 4000 {
		t.Fatalf("closed with %v", status)
	}
	var began time.Time // of the wait for the end of the deaf connection
	url := base + "/ws/hall?name=Ada&resume=" + secret
	for i := 1; ; i++ {
		again, response, err := websocket.Dial(t.Context(), url, nil) //nolint:bodyclose // Dial has closed it
		if err == nil {
			defer func() { _ = again.CloseNow() }()
			if i == 1 {
				began = time.Now()
			}
			if i > 50 {
				t.Fatal("there is no end")
			}
			continue
		}
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Errorf("refused with %d, %v", response.StatusCode, response.Header)
		}
		break
	}
	if _, err := io.Copy(io.Discard, deaf); err != nil {
		t.Logf("the end came as %v", err)
	}
	return time.Since(began)
}

// A client that sends alive has its answer at once, and nobody else has one.
func TestSocketAlive(t *testing.T) { overEach(t, testAlive) }

func testAlive(t *testing.T, dial dialling) {
	base := serve(t, newServer(t), signaling.Default())
	ada := dial.arrive(t, base, "Ada")
	ben := dial.arrive(t, base, "Ben")
	next(t, ada, crowd(2))
	for range 3 {
		ada.send(t, `{"type":"alive"}`)
		next[control.Alive](t, ada)
	}
	ada.send(t, `{"type":"chat","text":"done"}`)
	for done := false; !done; {
		m, err := ben.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.(control.Alive); ok {
			t.Error("another client got the answer")
		}
		_, done = m.(control.Chat)
	}
}

// A message that is refused changes nothing and the socket stays open.
func TestSocketRefusesMessages(t *testing.T) { overEach(t, testRefusesMessages) }

func testRefusesMessages(t *testing.T, dial dialling) {
	s := dial(t, serve(t, newServer(t), signaling.Default()), "Ada")
	for _, text := range []string{
		"", "null", "[]", "nonsense", `{"type":"welcome"}`, `{"type":"chat"}`, `{"type":"answer","sdp":"v=0"}`,
		`{"type":"offer","sdp":"nonsense"}`, `{"type":"mute","audio":"yes"}`,
	} {
		s.send(t, text)
		if m := next[control.Error](t, s); m.Error == "" || m.Error == "internal error" {
			t.Errorf("%s: error %q", text, m.Error)
		}
	}
	s.connect(t)
	next(t, s, crowd(1))
	s.send(t, `{"type":"chat","text":"still here"}`)
	next[control.Chat](t, s)
}

func TestWebSocketClosesOnLongMessage(t *testing.T) {
	s := dial(t, serve(t, newServer(t), signaling.Default()), "Ada")
	s.send(t, strings.Repeat("x", 64<<10+1))
	if status := s.closed(t); status != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v", status)
	}
}

func TestSocketClosesWhenParticipantIsGone(t *testing.T) { overEach(t, testParticipantIsGone) }

func testParticipantIsGone(t *testing.T, dial dialling) {
	srv := newServer(t)
	s := dial.arrive(t, serve(t, srv, signaling.Default()), "Ada")
	next(t, s, crowd(1))
	go srv.close()
	if status := s.closed(t); status != websocket.StatusGoingAway {
		t.Errorf("closed with %v", status)
	}
}

// A client that does not read is closed, and the others lose nothing by it.
func TestSocketClosesSlowReader(t *testing.T) { overEach(t, testSlowReader) }

func testSlowReader(t *testing.T, dial dialling) {
	cfg := signaling.Default()
	cfg.Queue, cfg.Rate, cfg.Burst = 16, 1e6, 1e6
	base := serve(t, newServer(t), cfg)
	slow := dial(t, base, "Slow")
	for sent := 0; slow.Write(t.Context(), websocket.MessageText, []byte(`{"type":"alive"}`)) == nil; sent++ {
		if sent == 100000 {
			t.Fatal("a client that does not read is still there")
		}
	}
	counted(t, base, "tilemix_websocket_slow_closed_total 1\n")
}

// counted waits until the metrics have a line.
func counted(t testing.TB, base, line string, header ...string) {
	t.Helper()
	poll.Until(t, fmt.Sprintf("%q in the metrics", line), func() bool {
		return strings.Contains(do(t, http.MethodGet, base+"/metrics", "", header...).body, "\n"+line)
	})
}

// A client that reads nothing also answers no ping.
func TestSocketClosesWithoutPong(t *testing.T) { overEach(t, testWithoutPong) }

func testWithoutPong(t *testing.T, dial dialling) {
	cfg := signaling.Default()
	cfg.Ping = 100 * time.Millisecond
	h, gone := handler(t, newServer(t), cfg, quiet), make(chan struct{}, 1)
	silent := dial(t, serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, "/hall") { // the connection, and not what is posted to it
			select {
			case gone <- struct{}{}:
			default:
			}
		}
	})), "Silent")
	select {
	case <-gone: // it reads nothing meanwhile
	case <-time.After(poll.Patience):
		t.Error("it is still open")
	}
	silent.closed(t)
}

func TestWebSocketHandshake(t *testing.T) {
	srv := newServer(t)
	base := serve(t, srv, signaling.Default())
	upgrade := []string{
		"Connection", "keep-alive, Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	}
	for name, test := range map[string]struct {
		path   string
		header []string
		status int
	}{
		"no upgrade":    {"/ws/hall?name=a", nil, http.StatusUpgradeRequired},
		"old version":   {"/ws/hall?name=a", append(upgrade, "Sec-WebSocket-Version", "8"), http.StatusUpgradeRequired},
		"bad key":       {"/ws/hall?name=a", append(upgrade, "Sec-WebSocket-Key", "short"), http.StatusBadRequest},
		"other origin":  {"/ws/hall?name=a", append(upgrade, "Origin", "https://evil.example"), http.StatusForbidden},
		"opaque origin": {"/ws/hall?name=a", append(upgrade, "Origin", "null"), http.StatusForbidden},
		"plain request": {"/ws/no%20room?name=a", nil, http.StatusBadRequest},
		"bad name":      {"/ws/hall?name=%ff", nil, http.StatusBadRequest},
		"bad room":      {"/ws/no%20room?name=a", upgrade, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			r := do(t, http.MethodGet, base+test.path, "", test.header...)
			r.want(t, test.status)
			wantError(t, r)
		})
	}
	srv.wantRooms(t)
}
