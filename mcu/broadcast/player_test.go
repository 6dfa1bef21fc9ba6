package broadcast_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// player plays a room's picture as a low-latency player does: it asks for the next part
// of the playlist, which is answered when there is one, and then for the part.
type player struct {
	r        *rig
	media    string // path of the playlist
	now      *playlist.Media
	msn, had int // the next segment's number, and how many of its parts were had

	began    time.Time       // the first time that it asked
	late     []time.Duration // by how much more time had passed than was played, after each answer
	played   time.Duration
	bytes    int
	slowest  time.Duration // answer to a reload
	shortest time.Duration // part
}

func (r *rig) play(room, kind string) (*player, error) {
	body, _, status := r.ask(room + "/index.m3u8")
	if status != 200 {
		return nil, fmt.Errorf("index: %d", status)
	}
	var index playlist.Multivariant
	if err := index.Unmarshal([]byte(body)); err != nil {
		return nil, err
	}
	uri := index.Variants[0].URI
	if kind == "audio" {
		uri = *index.Renditions[0].URI
	}
	p := &player{r: r, media: room + "/" + uri}
	if err := p.load(""); err != nil {
		return nil, err
	}
	if _, _, status := r.ask(p.path(p.now.Map.URI)); status != 200 {
		return nil, fmt.Errorf("header: %d", status)
	}
	p.msn = p.now.MediaSequence + len(p.now.Segments)
	p.had = len(p.now.Parts)
	return p, nil
}

// path is that of what the playlist names.
func (p *player) path(uri string) string { return path.Dir(p.media) + "/" + uri }

func (p *player) load(query string) error {
	body, h, status := p.r.ask(p.media + query)
	if status != 200 {
		return fmt.Errorf("%s%s: %d", p.media, query, status)
	}
	if kept := h.Get("Cache-Control"); strings.Contains(query, "_HLS_msn") != strings.Contains(kept, "max-age=6") {
		return fmt.Errorf("%q is kept %s", query, kept)
	}
	p.now = new(playlist.Media)
	return p.now.Unmarshal([]byte(body))
}

// next plays what is added to the playlist next. It returns false when it has ended.
func (p *player) next() (more bool, err error) {
	start := time.Now()
	if p.began.IsZero() {
		p.began = start
	}
	if err := p.load(fmt.Sprintf("?_HLS_msn=%d&_HLS_part=%d", p.msn, p.had)); err != nil {
		return false, err
	}
	p.slowest = max(p.slowest, time.Since(start))
	if p.now.Endlist {
		return false, nil
	}
	for end := p.now.MediaSequence + len(p.now.Segments); p.msn < end; p.msn, p.had = p.msn+1, 0 {
		if err := p.take(p.now.Segments[p.msn-p.now.MediaSequence].Parts); err != nil {
			return false, err
		}
	}
	err = p.take(p.now.Parts)
	p.late = append(p.late, time.Since(p.began)-p.played)
	return true, err
}

// drift is how much later the last answers came than the first. Of three each, the earliest counts: a machine that
// stands still for a moment has one be late, and a broadcast that does not keep pace has all.
func (p *player) drift() time.Duration {
	if len(p.late) == 0 {
		return 0
	}
	n := min(3, len(p.late))
	return slices.Min(p.late[len(p.late)-n:]) - slices.Min(p.late[:n])
}

// take plays the parts that it has not had.
func (p *player) take(parts []*playlist.MediaPart) error {
	for ; p.had < len(parts); p.had++ {
		part := parts[p.had]
		body, h, status := p.r.ask(p.path(part.URI))
		if status != 200 || !strings.Contains(body[:min(len(body), 16)], "moof") || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			return fmt.Errorf("part %s: %d, %d bytes, %v", part.URI, status, len(body), h)
		}
		if p.played == 0 || part.Duration < p.shortest {
			p.shortest = part.Duration
		}
		p.played += part.Duration
		p.bytes += len(body)
	}
	return nil
}
