package broadcast

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"tilemix/mcu/journal"
)

// list is a media playlist of a muxer: gaps, then segments from 7 on, from the number first.
func list(first, whole int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"init.mp4\"\n", first)
	for n := first; n < gaps+whole; n++ {
		if n < gaps {
			b.WriteString("#EXT-X-GAP\n#EXTINF:2.00000,\ngap.mp4\n")
		} else {
			fmt.Fprintf(&b, "#EXTINF:2.00000,\nseg%d.mp4\n", n)
		}
	}
	b.WriteString("#EXT-X-PART:DURATION=0.2,URI=\"part.mp4\"\n")
	return b.String()
}

// TestDiscontinuity follows the place where a crash was through a playlist: before its first segment is
// whole, in the list, and when it has left the list (RFC 8216bis §4.4.3.3).
func TestDiscontinuity(t *testing.T) {
	at := place{offset: 20, breaks: 2}
	for _, c := range []struct {
		first, whole int
		want         []string
	}{
		{0, 0, []string{"SEQUENCE:20\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "gap.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-PART:", "LAST-MSN=27,"}},
		{2, 2, []string{"SEQUENCE:22\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "gap.mp4\n#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\nseg7.mp4", "LAST-MSN=29,"}},
		{8, 8, []string{"SEQUENCE:28\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n", "LAST-MSN=35,"}},
	} {
		got := new(scribe).media(videoList, []report{{audioList, -1, 0}}, list(c.first, c.whole), at)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%d, %d: there is no %q in\n%s", c.first, c.whole, want, got)
			}
		}
		if n := strings.Count(got, "#EXT-X-DISCONTINUITY\n"); n != len(c.want)-2 {
			t.Errorf("%d, %d: %d discontinuities in\n%s", c.first, c.whole, n, got)
		}
		if plain := new(scribe).media(videoList, []report{{audioList, -1, 0}}, list(c.first, c.whole), place{}); strings.Contains(plain, "DISCONTINUITY") {
			t.Errorf("a stream that never broke: %s", plain)
		}
	}
}

// TestBlockingReload turns requests for segments into the muxer's numbers. What was before the crash is not
// waited for.
func TestBlockingReload(t *testing.T) {
	at := place{offset: 20, breaks: 1}
	for query, want := range map[string]string{
		"":                               "",
		"a=1":                            "a=1",
		"_HLS_msn=27&_HLS_part=3&a=1":    "_HLS_msn=7&_HLS_part=3&a=1",
		"_HLS_msn=26&_HLS_part=3":        "",
		"_HLS_msn=x&_HLS_part=3&_HLS_n=": "_HLS_n=",
	} {
		if got := at.inside(query); got != want {
			t.Errorf("%q became %q, not %q", query, got, want)
		}
		if got := (place{}).inside(query); got != query {
			t.Errorf("without a crash %q became %q", query, got)
		}
	}
}

// TestSessionGoesOn has a server crash twice while it broadcasts. The session keeps its address, and its
// numbers go on; a session after that, or of another room, begins anew.
func TestSessionGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, log := filepath.Join(t.TempDir(), "journal.jsonl"), slog.New(slog.DiscardHandler)
		server := func() (*memory, func()) {
			j, left, _, err := journal.Open(path, log)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { _ = j.Run(ctx); close(ended) }()
			once := func(key string) json.RawMessage {
				defer delete(left, key)
				return left[key]
			}
			return &memory{journal: j, left: once}, func() { cancel(); <-ended }
		}
		first, stop := server()
		defer stop()
		whole := func(n int) []*rung { return []*rung{{whole: n}} }
		s := &session{id: "one", room: "live"}
		first.goOn(s)
		s.rungs = whole(3)
		first.note(s) // segment 10 grows
		synctest.Wait()

		second, stop := server()
		defer stop()
		s = &session{id: "two", room: "live"}
		if second.goOn(s); s.id != "one" || s.place != (place{offset: 4, breaks: 1}) {
			t.Errorf("it is %s, %+v", s.id, s.place)
		}
		s.rungs = whole(1)
		second.note(s) // segment 12 grows: 8 of the muxer
		again, other := &session{id: "three", room: "live"}, &session{id: "four", room: "other"}
		if second.goOn(other); other.id != "four" || other.place != (place{}) {
			t.Errorf("another room's is %s, %+v", other.id, other.place)
		}
		synctest.Wait()

		third, stop := server()
		defer stop()
		s = &session{id: "five", room: "live"}
		if third.goOn(s); s.id != "one" || s.place != (place{offset: 6, breaks: 2}) {
			t.Errorf("after a second crash it is %s, %+v", s.id, s.place)
		}
		third.forget(s)
		if third.goOn(again); again.id != "three" || again.place != (place{}) {
			t.Errorf("a session after that is %s, %+v", again.id, again.place)
		}
	})
}
