package signaling_test

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"tilemix/mcu"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

// joinCounter counts who has joined.
type joinCounter struct {
	*server
	n atomic.Int32
}

func (j *joinCounter) Join(o mcu.JoinOptions) (*mcu.Participant, error) {
	j.n.Add(1)
	return j.server.Join(o)
}

// publishers is a server with publishers that vanish and post again.
type publishers struct {
	t   *testing.T
	srv *joinCounter
	url string
}

func newPublishers(t *testing.T) publishers {
	t.Helper()
	srv := &joinCounter{server: newServer(t)}
	cfg := signaling.Default()
	cfg.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	cfg.AddressRate = 0 // publishers post until they get their place back
	return publishers{t, srv, serve(t, srv, cfg)}
}

// post publishes, from an address, and returns the client and the server's answer.
func (p publishers) post(to, address, token string) (*client, reply) {
	p.t.Helper()
	c := newClient(p.t, webrtc.RTPTransceiverDirectionSendonly)
	header := []string{"Content-Type", typeSDP, "X-Forwarded-For", address}
	if token != "" {
		header = append(header, "Authorization", "Bearer "+token)
	}
	created := do(p.t, http.MethodPost, p.url+to, c.offer(p.t, true, false), header...)
	created.want(p.t, http.StatusCreated)
	return c, created
}

// speak connects a client, which sends sound until hush. Some of it has been sent when speak returns.
func (p publishers) speak(c *client, created reply) (hush func()) {
	p.t.Helper()
	c.accept(p.t, created.body)
	c.wait(p.t)
	poll.Until(p.t, "the keys of the media", func() bool { return c.ConnectionState() == webrtc.PeerConnectionStateConnected })
	sound := c.GetSenders()[0].Track().(*webrtc.TrackLocalStaticSample)
	said, enough, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 1; ; n++ {
			if err := sound.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond}); err != nil {
				p.t.Error(err)
			}
			if n == 50 { // the first may be lost before the server has its keys
				close(said)
			}
			select {
			case <-time.After(10 * time.Millisecond): // the microphone's pace
			case <-enough:
				return
			}
		}
	}()
	<-said
	return func() { close(enough); <-ended }
}

// returns tells whether a publisher that posts again gets its old place, instead of a new one.
func (p publishers) returns(to, address, token string) bool {
	p.t.Helper()
	before := p.srv.n.Load()
	_, created := p.post(to, address, token)
	if p.srv.n.Load() == before {
		return true
	}
	do(p.t, http.MethodDelete, p.url+created.Header.Get("Location"), "").want(p.t, http.StatusOK)
	return false
}

// resumed is the address to come back to that an answer has.
func resumed(t *testing.T, r reply) string {
	t.Helper()
	for _, link := range r.Header.Values("Link") {
		if strings.HasSuffix(link, `>; rel="urn:tilemix:resume"`) {
			return link[1:strings.Index(link, ">")]
		}
	}
	t.Fatalf("no address to come back to: %q", r.Header.Values("Link"))
	return ""
}

// TestResumeLink has a client come back by its Link: at once, from elsewhere, and over a new
// connection that stands.
func TestResumeLink(t *testing.T) {
	p := newPublishers(t)
	first, created := p.post("/whip/hall?name=Ada", "127.0.0.1", "")
	first.accept(t, created.body)
	first.wait(t)
	again, back := p.post(resumed(t, created), "192.0.2.7", "")
	if n := p.srv.n.Load(); n != 1 {
		t.Fatalf("%d have joined", n)
	}
	if strings.Contains(back.body, " 127.0.0.1 ") {
		t.Error("the client is elsewhere now, and is offered a loopback candidate")
	}
	again.accept(t, back.body)
	again.wait(t)
	p.srv.wantRooms(t, mcu.RoomInfo{Name: "hall", Participants: 1})
	do(t, http.MethodDelete, p.url+created.Header.Get("Location"), "").want(t, http.StatusNotFound)
	if p.returns(strings.Replace(resumed(t, back), "hall", "cellar", 1), "127.0.0.1", "") {
		t.Error("a resume value brings a client into another room")
	}
	if p.returns(resumed(t, created), "192.0.2.7", "") {
		t.Error("a resume value counts twice")
	}
	do(t, http.MethodDelete, p.url+back.Header.Get("Location"), "").want(t, http.StatusOK)
	p.srv.wantRooms(t)
}

// TestComeBack has publishers that stop sending and post again. Each gets its own place. Others do
// not get it, and nobody does while media flows.
func TestComeBack(t *testing.T) {
	type post struct{ to, address, token string }
	const here, elsewhere = "127.0.0.1", "192.0.2.8"
	for name, test := range map[string]struct {
		own    post
		others []post
	}{
		"same address": {post{"/whip/hall?name=Ada", here, ""}, []post{
			{"/whip/hall?name=Eve", here, ""},
			{"/whip/cellar?name=Ada", here, ""},
			{"/whip/hall?name=Ada", elsewhere, ""},
			{"/whip/hall?name=Ada", "unknown", ""},
			{"/whip/hall?name=Ada", here, "token"},
			{"/whip/hall?name=Ada&resume=guess", here, ""},
		}},
		"same token": {post{"/whip/hall?name=Ada", here, "secret"}, []post{
			{"/whip/hall?name=Ada", here, "other"},
			{"/whip/hall?name=Ada", here, ""},
			{"/whip/hall?name=Eve", here, "secret"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishers(t)
			first, created := p.post(test.own.to, test.own.address, test.own.token)
			hush := p.speak(first, created)
			if p.returns(test.own.to, test.own.address, test.own.token) {
				t.Error("the place of a publisher whose media flows was given away")
			}
			hush()
			time.Sleep(2100 * time.Millisecond) // so long a silence means that it has vanished
			for _, o := range test.others {
				if p.returns(o.to, o.address, o.token) {
					t.Errorf("%+v got the place of %+v", o, test.own)
				}
			}
			// The server may have had the last of the sound later than it was sent.
			poll.Until(t, "it to get its place back", func() bool { return p.returns(test.own.to, test.own.address, test.own.token) })
			p.srv.wantRooms(t, mcu.RoomInfo{Name: "hall", Participants: 1})
			do(t, http.MethodDelete, p.url+created.Header.Get("Location"), "").want(t, http.StatusNotFound)
		})
	}
	t.Run("nameless", func(t *testing.T) {
		t.Parallel()
		p := newPublishers(t)
		p.speak(p.post("/whip/hall", here, ""))()
		time.Sleep(2100 * time.Millisecond) // as above
		if p.returns("/whip/hall", here, "") {
			t.Error("two publishers without a name were taken for one")
		}
	})
}
