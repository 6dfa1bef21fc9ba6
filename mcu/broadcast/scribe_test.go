package broadcast

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// TestMediaTags has the picture clock miss a picture now and then. The length that parts may have does not
// move, and holds; players stay three parts behind; each segment says when it was, and the same each time;
// and each playlist says how far the other is (RFC 8216bis §4.4.3.7, §4.4.3.8, §4.4.4.6, §4.4.4.9,
// §4.4.5.4).
func TestMediaTags(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	s.roll(4*time.Second, 30, nil)
	at := s.media("video1")
	sound := path.Join(path.Dir(at), audioList)
	dates := map[string]time.Time{}
	for round := range 40 {
		s.roll(460*time.Millisecond, 30, nil)
		if round%3 == 0 {
			s.at += 20 * time.Millisecond // less than a picture; they come later than they should
		}
		var all [2]playlist.Media
		var texts [2]string
		for i, name := range []string{at, sound} {
			var err error
			if texts[i], err = s.ask(name); err != nil {
				t.Fatal(err)
			}
			if err := all[i].Unmarshal([]byte(texts[i])); err != nil {
				t.Fatalf("%v: %s", err, texts[i])
			}
		}
		target := all[0].PartInf.PartTarget
		if target != 235*time.Millisecond || all[1].PartInf.PartTarget != target || *all[0].ServerControl.PartHoldBack < 3*target {
			t.Fatalf("parts may be %v and %v, players stay %v behind", target, all[1].PartInf.PartTarget, *all[0].ServerControl.PartHoldBack)
		}
		for i, m := range all {
			timed(t, m, dates, at)
			reported(t, texts[i], all[1-i])
		}
		for _, seg := range all[0].Segments {
			for i, p := range seg.Parts {
				if p.Duration > target || i < len(seg.Parts)-1 && p.Duration < target*85/100 {
					t.Errorf("a part is %v long, and may be %v", p.Duration, target)
				}
			}
		}
	}
	if len(dates) < 16 {
		t.Errorf("%d segments", len(dates))
	}
}

// timed expects each segment to begin where the one before it ended, at the time that was said of it before.
func timed(t *testing.T, m playlist.Media, dates map[string]time.Time, _ string) {
	t.Helper()
	var next time.Time
	for _, seg := range m.Segments {
		if seg.DateTime == nil {
			t.Fatalf("%s has no time", seg.URI)
		}
		if off := seg.DateTime.Sub(next); !next.IsZero() && off.Abs() > 2*time.Millisecond {
			t.Errorf("%s begins %v after the segment before it ended", seg.URI, off)
		}
		if before, ok := dates[seg.URI]; ok && !seg.Gap && !before.Equal(*seg.DateTime) {
			t.Errorf("%s was at %v, and is at %v", seg.URI, before, *seg.DateTime)
		}
		dates[seg.URI] = *seg.DateTime
		next = seg.DateTime.Add(seg.Duration)
	}
}

// reported expects a playlist to say where the other one ends.
func reported(t *testing.T, text string, other playlist.Media) {
	t.Helper()
	msn, part := other.MediaSequence+len(other.Segments), len(other.Parts)-1
	if part < 0 {
		msn, part = msn-1, len(other.Segments[len(other.Segments)-1].Parts)-1
	}
	var m playlist.Media
	_ = m.Unmarshal([]byte(text))
	if len(m.RenditionReport) != 1 {
		t.Fatalf("reports are %v", lines(text, tagReport))
	}
	if r := m.RenditionReport[0]; r.LastMSN != msn || *r.LastPart != part || !strings.HasSuffix(r.URI, "_stream.m3u8") {
		t.Errorf("it reports %+v, and the other is at %d, %d", r, msn, part)
	}
}

// TestGzip has a player that takes compressed playlists, which Apple's players ask for.
func TestGzip(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	s.roll(5*time.Second, 30, nil)
	for _, name := range []string{index, s.media("video1"), s.media("audio2")} {
		plain, err := s.ask(name)
		if err != nil {
			t.Fatal(err)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip, deflate, br")
		if err := s.Serve(w, r, "live", name); err != nil {
			t.Fatal(err)
		}
		if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: %v", name, w.Header())
		}
		size := w.Body.Len()
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != plain || len(plain) > 1000 && size*3 > len(plain) {
			t.Errorf("%s: %d bytes of %d, %v", name, size, len(plain), err)
		}
	}
}

// TestQueryOfReport: a token of the player goes on to the other playlist, and what HLS puts there does not.
func TestQueryOfReport(t *testing.T) {
	for query, want := range map[string]string{
		"": "", "token=a": "?token=a", "_HLS_msn=3&_HLS_part=1": "", "_HLS_msn=3&token=a%22b": "?token=a%22b",
	} {
		if got := own(query); got != want {
			t.Errorf("%q becomes %q, not %q", query, got, want)
		}
	}
}
