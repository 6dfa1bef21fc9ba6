package broadcast

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"tilemix/mcu/intake"
)

// Tags of playlists that a scribe writes or reads (RFC 8216bis §4.4).
const (
	tagDate   = "#EXT-X-PROGRAM-DATE-TIME:"
	tagLength = "#EXTINF:"
	tagPart   = "#EXT-X-PART:"
	tagReport = "#EXT-X-RENDITION-REPORT:"
	dateForm  = "2006-01-02T15:04:05.000Z07:00"
)

// leastParts is how many parts a player stays behind at least. RFC 8216bis §4.4.3.8 asks for two, and
// recommends three.
const leastParts = 3

// scribe adds to the playlists of a session what its muxer leaves out or lets move. It is safe for
// concurrent use. The zero value has seen no playlist.
type scribe struct {
	mu    sync.Mutex
	part  time.Duration                   // longest that a part may be; 0: no parts have come
	dates map[string]map[string]time.Time // when segments begin, by playlist and address
	gzips map[string]packed               // by playlist
}

// packed is a playlist and its compressed form.
type packed struct {
	text string
	gzip []byte
}

// index completes the playlist of the renditions (§4.4.6.1, §4.4.6.2).
func (c *scribe) index(text string, channels int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		b.WriteString(line)
		switch {
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF:") && !strings.Contains(line, "FRAME-RATE="):
			fmt.Fprintf(&b, ",FRAME-RATE=%.3f", float64(time.Second)/float64(intake.Tick))
		case strings.HasPrefix(line, "#EXT-X-MEDIA:TYPE=AUDIO") && !strings.Contains(line, "CHANNELS="):
			fmt.Fprintf(&b, ",CHANNELS=%q", strconv.Itoa(channels))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// media completes the playlist of a rendition, which is called file. other is the address of the other
// rendition's, whose segments and parts come with these. at is where the session stands.
func (c *scribe) media(file, other, text string, at place) string {
	p := readMediaList(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date(file, p)
	target := c.target(p)
	at.outside(p)
	var b strings.Builder
	for _, line := range p.head {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "#EXT-X-PART-INF":
			line = fmt.Sprintf("%s:PART-TARGET=%.3f", name, target.Seconds())
		case "#EXT-X-SERVER-CONTROL":
			attributes := strings.Split(rest, ",")
			for i, a := range attributes {
				if strings.HasPrefix(a, "PART-HOLD-BACK=") {
					attributes[i] = fmt.Sprintf("PART-HOLD-BACK=%.3f", (leastParts * target).Seconds())
				}
			}
			line = name + ":" + strings.Join(attributes, ",")
		}
		b.WriteString(line + "\n")
	}
	for _, s := range p.segments {
		if !s.dated && !s.date.IsZero() {
			b.WriteString(tagDate + s.date.Format(dateForm) + "\n")
		}
		for _, line := range s.lines {
			b.WriteString(line + "\n")
		}
	}
	for _, line := range p.tail {
		b.WriteString(line + "\n")
	}
	if msn, part := p.last(); part >= 0 {
		fmt.Fprintf(&b, "%sURI=%q,LAST-MSN=%d,LAST-PART=%d\n", tagReport, other, msn, part)
	}
	return b.String()
}

// date gives each segment the time at which it begins: its own, or that of the next less its length. What
// a playlist once said of a segment stays.
func (c *scribe) date(file string, p *mediaList) {
	known := map[string]time.Time{}
	var next time.Time
	for i := len(p.segments) - 1; i >= 0; i-- {
		s := &p.segments[i]
		before, ok := c.dates[file][s.address]
		switch {
		case s.dated:
		case ok:
			s.date = before
		case !next.IsZero():
			s.date = next.Add(-s.length)
		}
		next = s.date
		if !s.gap && !s.date.IsZero() {
			known[s.address] = s.date
		}
	}
	if c.dates == nil {
		c.dates = map[string]map[string]time.Time{}
	}
	c.dates[file] = known
}

// target returns how long a part may be, which must not change (§4.4.3.7). It leaves room for one picture
// that the clock misses: parts are at least 85 % of it all the same.
func (c *scribe) target(p *mediaList) time.Duration {
	if c.part > 0 {
		return c.part
	}
	const step = 5 * time.Millisecond
	least := time.Duration(0)
	for _, s := range p.segments {
		for _, d := range s.parts[:max(0, len(s.parts)-1)] { // the last may be shorter
			if least == 0 || d < least {
				least = d
			}
		}
	}
	if least == 0 {
		return (partLength + intake.Tick + step).Truncate(step)
	}
	c.part = (least + intake.Tick + step - 1).Truncate(step)
	return c.part
}

// pack returns the compressed form of a playlist, which many players ask for.
func (c *scribe) pack(file, text string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.gzips[file]; p.text == text {
		return p.gzip
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	if c.gzips == nil {
		c.gzips = map[string]packed{}
	}
	c.gzips[file] = packed{text, b.Bytes()}
	return b.Bytes()
}
