package cluster_test

import (
	"errors"
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/barcode"
)

// spectators is a cluster in which somebody films for a room at a node, whose viewers relays serve.
type spectators struct {
	t     *testing.T
	nodes []*node
	home  *node
	film  *rtctest.Client
}

// gather begins a room of numbered pictures that relays serve from so many clients on.
func gather(t *testing.T, above int) *spectators {
	t.Helper()
	g := &spectators{t: t}
	var join []string
	for _, id := range []string{"a", "b", "c"} {
		n := startAbove(t, above, id, secret, freePort(t), func(data []byte) []byte { return data }, join...)
		join = []string{n.routes}
		g.nodes = append(g.nodes, n)
	}
	for _, n := range g.nodes {
		n.knows(t, "a", "b", "c")
	}
	g.film = g.shoot(g.nodes[0].url+"/whip/demo?name=Ada", rtctest.Options{})
	poll.Until(t, "the room begins", func() bool { return len(homes(g.nodes, "demo")) == 1 })
	for _, n := range g.nodes {
		if n.id == homes(g.nodes, "demo")[0] {
			g.home = n
		}
	}
	return g
}

// shoot has somebody film for the room.
func (g *spectators) shoot(url string, o rtctest.Options) *rtctest.Client {
	g.t.Helper()
	film := rtctest.New(g.t, o)
	if _, err := film.Connect(g.t.Context(), &whip{url: url}); err != nil {
		g.t.Fatal(err)
	}
	film.Film(rtctest.Camera{Numbered: true, Draw: func(img *image.YCbCr, at time.Duration) {
		for i := range img.Y { // so restless that a narrow path cannot take it
			img.Y[i] = uint8(100 + (i*7919+int(at.Milliseconds())*i/13)%64)
		}
	}})
	film.Speak(func(sample int) float32 { return 0.2 * float32(sample%100) / 100 })
	return film
}

// watch has a viewer come to a node, and waits until it sees what is filmed.
func (g *spectators) watch(n *node, o rtctest.Options) (*rtctest.Client, *whip) {
	g.t.Helper()
	o.Direction = webrtc.RTPTransceiverDirectionRecvonly
	c, w := rtctest.New(g.t, o), &whip{url: n.url + "/whep/demo"}
	if _, err := c.Connect(g.t.Context(), w); err != nil {
		g.t.Fatalf("a viewer comes to %s: %v", n.id, err)
	}
	g.sees(c)
	return c, w
}

// sees waits until a viewer sees pictures that rise, and hears something.
func (g *spectators) sees(c *rtctest.Client) {
	g.t.Helper()
	last, seen := -1, 0
	c.VideoSink.Await("numbers that rise", func(p rtctest.Picture) error {
		n, ok := barcode.Read(p.Image, p.Image.Rect)
		if ok && n > last {
			last, seen = n, seen+1
		}
		if seen < 5 {
			return fmt.Errorf("number %d, %v, after %d", n, ok, last)
		}
		return nil
	})
	c.AudioSink.Await("sound", func(s rtctest.Sound) error {
		for _, v := range s.Block {
			if v > 0.01 {
				return nil
			}
		}
		return errors.New("silence")
	})
}

// at returns the node that a viewer's session is at, "" for the home.
func (w *whip) at() string {
	_, id, _ := strings.Cut(w.location, "?at=")
	return id
}

// TestRelay has viewers come to all nodes. From the second client on another node relays the room to them. They see and
// hear what is filmed, at any entry, and the home sends each rendition once to the relay.
func TestRelay(t *testing.T) {
	g := gather(t, 1)
	relays := map[string]bool{}
	var viewers []*rtctest.Client
	for i := range 4 {
		c, w := g.watch(g.nodes[i%3], rtctest.Options{})
		relays[w.at()] = true
		viewers = append(viewers, c)
	}
	if relays[""] || relays[g.home.id] {
		t.Errorf("the viewers are at %v, and the home is %s", relays, g.home.id)
	}
	for _, c := range viewers {
		if faults, _ := c.VideoSink.Faults(); len(faults) > 0 {
			t.Errorf("a viewer's stream: %q", faults)
		}
	}
}

// TestRelayLadder has viewers of one relay that want different renditions: each is pulled once, while somebody has it.
func TestRelayLadder(t *testing.T) {
	poll.Alone(t)
	g := gather(t, 4)
	for range 3 { // whom the home serves
		c, w := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly, NoDecode: true}), &whip{url: g.nodes[0].url + "/whep/demo"}
		if _, err := c.Connect(t.Context(), w); err != nil || w.at() != "" {
			t.Fatalf("a viewer of the home is at %q, %v", w.at(), err)
		}
	}
	width := func(c *rtctest.Client, want int) {
		t.Helper()
		c.VideoSink.Await(fmt.Sprintf("a picture of %d pixels", want), func(p rtctest.Picture) error {
			if w := p.Image.Rect.Dx(); w != want {
				return fmt.Errorf("it is %d pixels wide", w)
			}
			return nil
		})
	}
	large, at := g.watch(g.nodes[0], rtctest.Options{})
	width(large, 640)
	var by *node
	for _, n := range g.nodes {
		if n.id == at.at() {
			by = n
		}
	}
	pulls := func(n float64) {
		t.Helper()
		poll.Until(t, fmt.Sprintf("the relay pulls %v", n), func() bool { return by.rooms.Metric("tilemix_relay_pulls") == n })
	}
	pulls(2)
	for range 2 { // the second costs the home nothing
		small, _ := g.watch(g.nodes[1], rtctest.Options{Message: func([]byte) {}})
		poll.Until(t, "the channel is open", func() bool { return small.Send(`{"type":"receive","maxBitrate":120000}`) == nil })
		width(small, 160)
		pulls(3)
		defer small.Close()
	}
	old, _ := g.watch(g.nodes[2], rtctest.Options{VP8: true})
	pulls(4)
	if mime := old.VideoSink.Codec(); mime != webrtc.MimeTypeVP8 {
		t.Errorf("a viewer without H.264 has %s", mime)
	}
	if n := by.rooms.Metric("tilemix_relay_viewers"); n != 4 {
		t.Errorf("the relay counts %v viewers", n)
	}
	if n := g.home.rooms.Inside("demo"); n != 8 { // the film, three viewers, and what is pulled
		t.Errorf("the home has %d clients", n)
	}
	old.Close()
	pulls(3) // after some time
}

// TestRelaySession ends the session of a viewer at any node, and a relay that nobody watches ends.
func TestRelaySession(t *testing.T) {
	g := gather(t, 1)
	c, w := g.watch(g.nodes[1], rtctest.Options{})
	for _, n := range g.nodes {
		if len(n.rooms.Relays()) > 0 != (n.id == w.at()) {
			t.Errorf("node %s relays %v", n.id, n.rooms.Relays())
		}
	}
	if got := homes(g.nodes, "demo"); len(got) != 1 {
		t.Errorf("the room is at %v", got)
	}
	for i, n := range g.nodes {
		want(t, http.StatusNotFound, nil, http.MethodDelete, n.url+"/whep/demo/none?at="+w.at(), "")
		if i == 0 {
			want(t, http.StatusOK, nil, http.MethodDelete, n.url+w.location, "")
		} else {
			want(t, http.StatusNotFound, nil, http.MethodDelete, n.url+w.location, "")
		}
	}
	<-c.Gone()
	for _, n := range g.nodes {
		poll.Until(t, n.id+" relays nothing", func() bool { return len(n.rooms.Relays()) == 0 })
	}
	poll.Until(t, "the home has the film alone", func() bool { return g.home.rooms.Inside("demo") == 1 })
	// A view of their own is drawn by the home.
	v := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	own := &whip{url: g.nodes[1].url + "/whep/demo?view=speaker"}
	if _, err := v.Connect(t.Context(), own); err != nil || own.at() != "" {
		t.Errorf("a viewer with a view of its own is at %q, %v", own.at(), err)
	}
}

// TestRelayDrain drains the home of a room. The viewer of a relay sees what is filmed there until another home has
// something to show, and then that, by the connection that it has.
func TestRelayDrain(t *testing.T) {
	g := gather(t, 1)
	var others []*node
	for _, n := range g.nodes {
		if n != g.home {
			others = append(others, n)
		}
	}
	viewer, at := g.watch(others[0], rtctest.Options{})
	if at.at() == "" {
		t.Fatal("the home serves the viewer")
	}
	g.home.draining.Store(true)
	poll.Until(t, "the room goes", func() bool { return g.home.cluster.Gone("demo") })
	last, seen := -1, 0
	viewer.VideoSink.Await("pictures of the old home", func(p rtctest.Picture) error {
		if n, ok := barcode.Read(p.Image, p.Image.Rect); ok && n > last {
			last, seen = n, seen+1
		}
		if seen < 30 {
			return fmt.Errorf("%d pictures since the room goes", seen)
		}
		return nil
	})
	film := g.shoot(others[1].url+"/whip/demo?name=Ben", rtctest.Options{})
	var before time.Time
	var dark time.Duration
	next := false // the picture is of the new home, where numbers begin anew
	seen = 0
	viewer.VideoSink.Await("pictures of the new home", func(p rtctest.Picture) error {
		n, ok := barcode.Read(p.Image, p.Image.Rect)
		if !ok || n == last {
			return fmt.Errorf("number %d, %v", n, ok)
		}
		if next = next || n < last; next {
			seen++
		}
		if !before.IsZero() {
			dark = max(dark, p.At.Sub(before))
		}
		last, before = n, p.At
		if seen < 10 {
			return fmt.Errorf("number %d, of the new home: %v", n, next)
		}
		return nil
	})
	t.Logf("the picture stands still for %v at most", dark)
	g.film.Close()
	g.sees(viewer)
	film.Close()
	if faults, _ := viewer.VideoSink.Faults(); len(faults) > 0 {
		t.Errorf("the viewer's stream: %q", faults)
	}
}
