package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/barcode"
)

// spectator watches the room demo from the node of an ID, and returns the node that it receives the room by, "" for the home.
func (f *fleet) spectator(id string) (c *rtctest.Client, by string) {
	f.t.Helper()
	c = rtctest.New(f.t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	ctx, cancel := context.WithTimeout(f.t.Context(), rtctest.Patience)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	response, err := http.Post(f.nodes[id].url+"/whep/demo", "application/sdp", strings.NewReader(offer))
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		f.t.Fatalf("a viewer comes to %s: %s %s %v", id, response.Status, answer, err)
	}
	if err := c.Answer(ctx, string(answer)); err != nil {
		f.t.Fatal(err)
	}
	_, by, _ = strings.Cut(response.Header.Get("Location"), "?at=")
	return c, by
}

// rises waits until a viewer sees pictures of the film that follow each other, from now on.
func rises(c *rtctest.Client) {
	last, seen := -1, 0
	c.VideoSink.Await("pictures of the film", func(p rtctest.Picture) error {
		n, ok := barcode.Read(p.Image, p.Image.Rect)
		if !ok || n <= last {
			last, seen = n, 0
			return fmt.Errorf("number %d, %v", n, ok)
		}
		if last, seen = n, seen+1; seen < 3 {
			return fmt.Errorf("%d numbers rise", seen)
		}
		return nil
	})
}

// TestRelays kills the relay of a viewer, which comes to another one, and then the home of the room. The viewer
// sees the room again when that has begun elsewhere, by the connection that it has.
func TestRelays(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	t.Parallel()
	f := newFleet(t, []string{"--cluster-busy", "100", "--relay-above", "1"}, "a", "b", "c")
	film(t, f.nodes["a"].url)
	home := f.begun("b")
	c, first := f.spectator(home)
	rises(c)
	if first == "" || first == home {
		t.Fatalf("the viewer is at %q, and the home is %s", first, home)
	}
	shown := ask(t, "GET", f.nodes[first].url+"/metrics", "", "", http.StatusOK)
	for _, line := range []string{"\ntilemix_relay_viewers 1\n", "\ntilemix_relay_pulls 2\n", "\ntilemix_picture_encodes_total{codec=\"H.264\",height=\"720\"} 0\n"} {
		if !strings.Contains(shown, line) {
			t.Errorf("the relay has not counted %q:\n%s", line, shown)
		}
	}

	f.kill(first)
	killed := time.Now()
	last := slices.DeleteFunc([]string{"a", "b", "c"}, func(id string) bool { return id == home || id == first })[0]
	c, second := f.spectator(last)
	rises(c)
	t.Logf("%v after its relay died, the viewer sees the room by another", time.Since(killed))
	if second != last && second != "" {
		t.Errorf("the viewer is at %q", second)
	}
	if second == "" { // the home did not know yet that the relay is dead
		c, _ = f.spectator(last)
		rises(c)
	}

	f.kill(home)
	killed = time.Now()
	film(t, f.nodes[last].url)
	rises(c)
	t.Logf("%v after the home died, the viewer sees the room by the same connection", time.Since(killed))
	if now := f.begun(last); now != last {
		t.Errorf("the room is at %q", now)
	}
}
