package signaling_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tilemix/mcu/room"
	"tilemix/signaling/access/credential"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/signaling"
)

// wantError fails the test unless a reply is JSON with an error that says something.
func wantError(t testing.TB, r reply) {
	t.Helper()
	var body struct{ Error string }
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Error == "" {
		t.Errorf("%s: body %q is no error: %v", r.Status, r.body, err)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type: %q", got)
	}
}

// TestCode has errors as rooms return them: those that say more than a status have codes of their own.
func TestCode(t *testing.T) {
	for want, err := range map[string]error{
		"room_full":   fmt.Errorf("%w: it has 7", mcu.ErrRoomFull),
		"room_locked": fmt.Errorf("move: %w", room.ErrLocked),
		"banned":      fmt.Errorf("move: %w", credential.Refuse("banned", "sent away")),
		"":            errors.New("something else"),
	} {
		if got := (signaling.Config{}).Code(err); got != want {
			t.Errorf("%v has %q, not %q", err, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	srv := newServer(t)
	url := serve(t, srv, open())
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer := c.offer(t, true, false)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", offer, "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	c.accept(t, created.body)
	c.wait(t)
	session := created.Header.Get("Location")
	long := strings.Repeat("a=x\r\n", 64<<10/5+1)

	for _, test := range []struct {
		name, method, path, contentType, body string
		status                                int
		header, value                         string // that the reply has, too; header "error" is its text
	}{
		{"bad room", "POST", "/whip/no%20room?name=a", typeSDP, offer, 400, "", ""},
		{"nothing in a bad room", "POST", "/whip/no%20room?name=a", typeSDP, "", 400, "error", "a room's name has only letters"},
		{"long room", "POST", "/whip/" + strings.Repeat("r", 65) + "?name=a", typeSDP, offer, 400, "", ""},
		{"empty body", "POST", "/whip/den?name=a", typeSDP, "", 400, "error", "body is empty"},
		{"no SDP", "POST", "/whip/den?name=a", typeSDP, "hello", 400, "", ""},
		{"broken SDP", "POST", "/whip/den?name=a", typeSDP, "v=0\r\no=nonsense", 400, "", ""},
		{"SDP without media", "POST", "/whip/den?name=a", typeSDP, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 400, "", ""},
		{"no H.264 or VP8", "POST", "/whip/den?name=a", typeSDP, strings.NewReplacer("H264", "H999", "VP8", "VP0").Replace(offer), 406, "error", "the server takes H264"},
		{"no Opus", "POST", "/whep/den", typeSDP, strings.ReplaceAll(offer, "opus", "o-pus"), 406, "", ""},
		{"viewer who sends", "POST", "/whep/den", typeSDP, offer, 400, "error", "recvonly"},
		{"viewer who sends only", "POST", "/whep/den", typeSDP, strings.ReplaceAll(offer, "a=sendrecv", "a=sendonly"), 400, "error", "recvonly"},
		{"viewer without a direction", "POST", "/whep/den", typeSDP, strings.ReplaceAll(offer, "a=sendrecv", "a=x"), 400, "error", "recvonly"},
		{"no content type", "POST", "/whip/den?name=a", "", offer, 415, "Accept-Post", typeSDP},
		{"JSON", "POST", "/whep/den", "application/json", "{}", 415, "Accept-Post", typeSDP},
		{"long body", "POST", "/whip/den?name=a", typeSDP, "v=0\r\n" + long, 413, "", ""},
		{"get", "GET", "/whip/den", "", "", 405, "Allow", "OPTIONS, POST"},
		{"put", "PUT", "/whep/den", "", "", 405, "Allow", "OPTIONS, POST"},
		{"get session", "GET", session, "", "", 405, "Allow", "OPTIONS, DELETE, PATCH"},
		{"put session", "PUT", session, "", "", 405, "Access-Control-Allow-Origin", "*"},
		{"post session", "POST", session, typeSDP, offer, 405, "", ""},
		{"patch no session", "PATCH", "/whip/hall/nobody", typeFrag, "a=end-of-candidates", 404, "", ""},
		{"delete no session", "DELETE", "/whep/hall/nobody", "", "", 404, "Access-Control-Allow-Origin", "*"},
		{"patch of another type", "PATCH", session, typeSDP, offer, 415, "Accept-Patch", typeFrag},
		{"patch too long", "PATCH", session, typeFrag, long, 413, "", ""},
		{"patch empty", "PATCH", session, typeFrag, "", 400, "", ""},
		{"patch malformed", "PATCH", session, typeFrag, "hello", 400, "", ""},
		{"patch bad candidate", "PATCH", session, typeFrag, "a=candidate:1 one udp", 400, "", ""},
		{"patch with an ufrag that cannot be", "PATCH", session, typeFrag, "a=ice-ufrag:new 1\r\na=ice-pwd:0123456789012345678901", 400, "", ""},
		{"patch with a short password", "PATCH", session, typeFrag, "a=ice-ufrag:new1\r\na=ice-pwd:012345678901234567890", 400, "", ""},
		{"patch with a long password", "PATCH", session, typeFrag, "a=ice-ufrag:new1\r\na=ice-pwd:" + strings.Repeat("a", 257), 400, "", ""},
		{"patch without password", "PATCH", session, typeFrag, "a=ice-ufrag:new1", 400, "", ""},
		{"unknown path", "GET", "/nowhere", "", "", 404, "", ""},
		{"unknown API", "GET", "/api/v1/nothing", "", "", 404, "", ""},
		{"post page", "POST", "/", "", "", 405, "Allow", "OPTIONS, GET, HEAD"},
		{"no static file", "GET", "/static/nothing.js", "", "", 404, "", ""},
		{"static list", "GET", "/static/", "", "", 404, "", ""},
		{"outside static", "GET", "/static/..%2findex.html", "", "", 404, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := []string{"If-Match", "*"}
			if test.contentType != "" {
				header = append(header, "Content-Type", test.contentType)
			}
			r := do(t, test.method, url+test.path, test.body, header...)
			r.want(t, test.status)
			wantError(t, r)
			if test.header == "error" {
				if !strings.Contains(r.body, test.value) {
					t.Errorf("body %q, want %q", r.body, test.value)
				}
			} else if got := r.Header.Get(test.header); test.header != "" && got != test.value {
				t.Errorf("%s: %q, want %q", test.header, got, test.value)
			}
		})
	}
	srv.wantRooms(t, mcu.RoomInfo{Name: "hall", Participants: 1})
}

// refusing lets nobody join.
type refusing struct {
	*server
	join func() error
}

func (r refusing) Join(mcu.JoinOptions) (*mcu.Participant, error) { return nil, r.join() }

func (r refusing) CheckOffer(string) error { return nil }

// TestBadOfferJoinsNobody: the room does not hear of an offer that cannot be
// answered.
func TestBadOfferJoinsNobody(t *testing.T) {
	srv := &joins{server: newServer(t)}
	url := serve(t, srv, signaling.Default())
	do(t, http.MethodPost, url+"/whip/hall", "v=0\r\n", "Content-Type", typeSDP).want(t, 400)
	do(t, http.MethodPost, url+"/whep/hall", "nonsense", "Content-Type", typeSDP).want(t, 400)
	if n := srv.count.Load(); n != 0 {
		t.Errorf("%d joined", n)
	}
}

// joins counts who joins.
type joins struct {
	*server
	count atomic.Int32
}

func (j *joins) Join(o mcu.JoinOptions) (*mcu.Participant, error) {
	j.count.Add(1)
	return j.server.Join(o)
}

func TestJoinRefused(t *testing.T) {
	srv := newServer(t)
	for _, test := range []struct {
		err    error
		status int
		retry  string
		text   string
	}{
		{mcu.ErrBadName, 400, "", mcu.ErrBadName.Error()},
		{fmt.Errorf("join: %w", mcu.ErrRoomFull), 503, "5", "join: " + mcu.ErrRoomFull.Error()},
		{mcu.ErrServerFull, 503, "5", mcu.ErrServerFull.Error()},
		{mcu.ErrClosed, 503, "1", mcu.ErrClosed.Error()},
		{fmt.Errorf("keep /a/file: %w", syscall.ENOSPC), 507, "", "disk is full"},
		{errors.New("password is swordfish"), 500, "", "internal error"},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			var log bytes.Buffer
			url := serveLogged(t, refusing{srv, func() error { return test.err }}, signaling.Default(), slog.New(slog.NewTextHandler(&log, nil)))
			r := do(t, http.MethodPost, url+"/whip/hall?name=a", "v=0\r\n", "Content-Type", typeSDP)
			r.want(t, test.status)
			wantError(t, r)
			if !strings.Contains(r.body, test.text) {
				t.Errorf("body %q, want %q", r.body, test.text)
			}
			if got := r.Header.Get("Retry-After"); got != test.retry {
				t.Errorf("Retry-After: %q, want %q", got, test.retry)
			}
			if test.status == 500 && !strings.Contains(log.String(), "swordfish") {
				t.Errorf("the log has %q", log.String())
			}
		})
	}
}

func TestPanicEndsOneRequestOnly(t *testing.T) {
	var log bytes.Buffer
	srv := refusing{newServer(t), func() error { panic("a bug") }}
	url := serveLogged(t, srv, signaling.Default(), slog.New(slog.NewTextHandler(&log, nil)))
	r := do(t, http.MethodPost, url+"/whip/hall?name=a", "v=0\r\n", "Content-Type", typeSDP)
	r.want(t, http.StatusInternalServerError)
	wantError(t, r)
	if strings.Contains(r.body, "bug") || !strings.Contains(log.String(), "a bug") {
		t.Errorf("the panic belongs to the log, not to the client: %q", r.body)
	}
	do(t, http.MethodGet, url+"/healthz", "").want(t, http.StatusOK)
}

// A body that never comes ends its request, wanted or not, and the server does not
// wait for it.
func TestBodyThatStalls(t *testing.T) {
	cfg := signaling.Default()
	cfg.BodyTimeout = 50 * time.Millisecond
	url := serve(t, newServer(t), cfg)
	for contentType, status := range map[string]int{
		typeSDP: http.StatusRequestTimeout, "text/plain": http.StatusUnsupportedMediaType,
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, "POST /whip/hall HTTP/1.1\r\nHost: localhost\r\nContent-Type: "+contentType+
			"\r\nContent-Length: 100\r\n\r\nv=0\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", contentType, err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		note(body)
		if resp.StatusCode != status {
			t.Errorf("%s: %s, want %d", contentType, resp.Status, status)
		}
	}
}

// A body of unknown length is cut off, too.
func TestLongBodyInChunks(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	long := io.MultiReader(strings.NewReader("v=0\r\n"), strings.NewReader(strings.Repeat("a=x\r\n", 20000)))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/whip/hall", long)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", typeSDP)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s, want 413", resp.Status)
	}
}

// What the log has of a request is not enough to take its session over.
func TestLogKeepsSecrets(t *testing.T) {
	var log bytes.Buffer
	debug := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	url := serveLogged(t, newServer(t), signaling.Default(), debug)
	do(t, http.MethodDelete, url+"/whip/hall/sesame?token=swordfish", "")
	if got := log.String(); !strings.Contains(got, "room=hall") || strings.Contains(got, "sesame") || strings.Contains(got, "swordfish") {
		t.Errorf("the log has %q", got)
	}
}
