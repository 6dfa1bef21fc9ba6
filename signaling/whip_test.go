package signaling_test

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

const (
	typeSDP  = "application/sdp"
	typeFrag = "application/trickle-ice-sdpfrag"
)

// withICEServers is a server that tells of these ICE servers.
type withICEServers struct{ *server }

func (withICEServers) ICEServers() []control.ICEServer {
	return []control.ICEServer{
		{URLs: []string{"stun:stun.example.net"}},
		{URLs: []string{"turn:turn.example.net?transport=udp"}, Username: "me", Credential: `a"b`},
	}
}

func TestSession(t *testing.T) {
	for _, endpoint := range []struct {
		path      string
		direction webrtc.RTPTransceiverDirection
		room      mcu.RoomInfo
	}{
		{"/whip/hall?name=Ada", webrtc.RTPTransceiverDirectionSendrecv, mcu.RoomInfo{Name: "hall", Participants: 1}},
		{"/whip/hall?name=Ada", webrtc.RTPTransceiverDirectionSendonly, mcu.RoomInfo{Name: "hall", Participants: 1}},
		{"/whep/hall", webrtc.RTPTransceiverDirectionRecvonly, mcu.RoomInfo{Name: "hall", Viewers: 1}},
	} {
		t.Run(endpoint.path+" "+endpoint.direction.String(), func(t *testing.T) {
			srv := newServer(t)
			url := serve(t, withICEServers{srv}, open())
			c := newClient(t, endpoint.direction)
			created := do(t, http.MethodPost, url+endpoint.path, c.offer(t, true, false), "Content-Type", typeSDP)
			created.want(t, http.StatusCreated)
			checkCreated(t, created, strings.Split(endpoint.path, "?")[0])
			c.accept(t, created.body)
			c.wait(t)
			srv.wantRooms(t, endpoint.room)
			session := url + created.Header.Get("Location")
			do(t, http.MethodDelete, session, "", "If-Match", `"any"`).want(t, http.StatusOK)
			do(t, http.MethodDelete, session, "").want(t, http.StatusNotFound)
			do(t, http.MethodPatch, session, "").want(t, http.StatusNotFound)
			srv.wantRooms(t)
		})
	}
}

func checkCreated(t *testing.T, r reply, endpoint string) {
	t.Helper()
	location := r.Header.Get("Location")
	if id, ok := strings.CutPrefix(location, endpoint+"/"); !ok || len(id) < 20 {
		t.Errorf("Location: %q", location)
	}
	if tag := r.Header.Get("ETag"); len(tag) < 10 || tag[0] != '"' {
		t.Errorf("ETag: %q is not strong", tag)
	}
	for name, value := range map[string]string{
		"Content-Type": typeSDP, "Accept-Patch": typeFrag, "Cache-Control": "no-store",
		"Access-Control-Allow-Origin": "*",
	} {
		if got := r.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	for _, name := range []string{"Location", "ETag", "Link"} {
		if !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("%s is not exposed to pages of other origins", name)
		}
	}
	links := []string{
		`<stun:stun.example.net>; rel="ice-server"`,
		`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="me"; credential="a\"b"; credential-type="password"`,
	}
	got := slices.DeleteFunc(r.Header.Values("Link"), func(link string) bool {
		return strings.HasPrefix(link, "<"+endpoint+"?name=Ada&resume=") && strings.HasSuffix(link, `>; rel="urn:tilemix:resume"`)
	})
	if whip := strings.HasPrefix(endpoint, "/whip/"); whip != (len(got) < len(r.Header.Values("Link"))) {
		t.Errorf("an address to come back to: %q", r.Header.Values("Link"))
	}
	if !slices.Equal(got, links) {
		t.Errorf("Link: %q, want %q", got, links)
	}
}

// The client's candidates come by PATCH alone; the connection stands all the same.
func TestTrickle(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", c.offer(t, false, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	session, etag := url+created.Header.Get("Location"), created.Header.Get("ETag")
	frag := fragment(c.LocalDescription().SDP)
	for name, header := range map[string][]string{"none": nil, "other": {"If-Match", `"other"`}, "weak": {"If-Match", "W/" + etag}} {
		status := map[string]int{"none": 428}[name]
		r := do(t, http.MethodPatch, session, frag, append(header, "Content-Type", typeFrag)...)
		r.want(t, max(status, 412))
	}
	for _, match := range []string{etag, "*", `"other", ` + etag} {
		do(t, http.MethodPatch, session, frag, "Content-Type", typeFrag, "If-Match", match).want(t, http.StatusNoContent)
	}
	c.accept(t, created.body)
	c.wait(t)
}

func TestICERestart(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", c.offer(t, true, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	c.accept(t, created.body)
	c.wait(t)
	session, etag := url+created.Header.Get("Location"), created.Header.Get("ETag")
	restarted := do(t, http.MethodPatch, session, fragment(c.offer(t, true, true)), "Content-Type", typeFrag, "If-Match", "*")
	restarted.want(t, http.StatusOK)
	if got := restarted.Header.Get("Content-Type"); got != typeFrag {
		t.Errorf("Content-Type: %q", got)
	}
	if got := restarted.Header.Get("ETag"); got == "" || got == etag {
		t.Errorf("ETag: %q, was %q", got, etag)
	}
	answer := created.body
	for _, name := range []string{"a=ice-ufrag:", "a=ice-pwd:"} {
		before, after := lineOf(created.body, name), lineOf(restarted.body, name)
		if after == "" || before == after {
			t.Fatalf("%s%q, was %q", name, after, before)
		}
		answer = strings.ReplaceAll(answer, before, after)
	}
	c.accept(t, answer)
	c.wait(t)
	stale := do(t, http.MethodPatch, session, "a=end-of-candidates\r\n", "Content-Type", typeFrag, "If-Match", etag)
	stale.want(t, http.StatusPreconditionFailed)
}

// fragment is the ICE part of an SDP's first media description.
func fragment(sdp string) string {
	var b strings.Builder
	for _, name := range []string{"a=ice-ufrag:", "a=ice-pwd:", "m=", "a=mid:"} {
		b.WriteString(lineOf(sdp, name) + "\r\n")
	}
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// lineOf is the first line of an SDP that begins so, without its end.
func lineOf(sdp, prefix string) string {
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// Of several who end a session one does.
func TestDeleteOnce(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", c.offer(t, true, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	var ended atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if do(t, http.MethodDelete, url+created.Header.Get("Location"), "").StatusCode == http.StatusOK {
				ended.Add(1)
			}
		})
	}
	all.Wait()
	if n := ended.Load(); n != 1 {
		t.Errorf("%d of 8 have ended the session", n)
	}
}

// kept tells who has joined, without keeping them in memory.
type kept struct {
	*server
	who weak.Pointer[mcu.Participant]
}

func (k *kept) Join(o mcu.JoinOptions) (*mcu.Participant, error) {
	p, err := k.server.Join(o)
	k.who = weak.Make(p)
	return p, err
}

// A session that has ended by itself is not kept, though nobody asks for it.
func TestEndedSessionIsForgotten(t *testing.T) {
	srv := &kept{server: newServer(t)}
	url := serve(t, srv, signaling.Default())
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", c.offer(t, true, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	srv.who.Value().Leave()
	srv.wantRooms(t)
	poll.Until(t, "a participant that left to be forgotten", func() bool {
		runtime.GC()
		return srv.who.Value() == nil
	})
}

// A session is its own secret: neither another's address nor the ids that a room
// tells its participants end it.
func TestSessionIsSecret(t *testing.T) {
	srv := newServer(t)
	url := serve(t, srv, signaling.Default())
	seen := arrive(t, url, "Eve")
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	created := do(t, http.MethodPost, url+"/whip/hall?name=Ada", c.offer(t, true, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	c.accept(t, created.body)
	list := next(t, seen, crowd(2))
	for _, p := range list.Participants {
		do(t, http.MethodDelete, url+"/whip/hall/"+p.ID, "").want(t, http.StatusNotFound)
	}
	other := strings.Replace(created.Header.Get("Location"), "hall", "cellar", 1)
	do(t, http.MethodDelete, url+other, "").want(t, http.StatusNotFound)
	other = strings.Replace(created.Header.Get("Location"), "whip", "whep", 1)
	do(t, http.MethodDelete, url+other, "").want(t, http.StatusNotFound)
}
