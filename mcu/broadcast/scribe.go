package broadcast

import (
	"bytes"
	"compress/gzip"
	"fmt"
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

// leastSkipped is how many segments' lengths a playlist that leaves segments out has at least (§4.4.3.8).
const leastSkipped = 6

// scribe adds to the playlists of a session what its muxer leaves out or lets move. It is safe for
// concurrent use. The zero value has seen no playlist.
type scribe struct {
	mu    sync.Mutex
	part  time.Duration                   // longest that a part may be; 0: no parts have come
	whole int                             // longest that a segment may be, in seconds
	dates map[string]map[string]time.Time // when segments begin, by playlist and address
	gzips map[string]packed               // by playlist
}

// packed is a playlist and its compressed form.
type packed struct {
	text string
	gzip []byte
}

// report is how far another playlist of the session has come, by the muxer's numbers. -1: it comes with this one.
type report struct {
	address   string
	msn, part int
}

// settle has a session's playlists, which have their first segments, agree on how long parts may be.
func (c *scribe) settle(texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	longest := time.Duration(0)
	for _, text := range texts {
		c.part = 0
		longest = max(longest, c.target(readMediaList(text)))
	}
	c.part = longest
}

// media completes the playlist of a rendition, which is called file. Others are the other playlists of the
// session. at is where the session stands.
func (c *scribe) media(file string, others []report, text string, at place) string {
	p := readMediaList(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date(file, p)
	target := c.target(p)
	c.whole = max(c.whole, p.target)
	at.outside(p)
	var b strings.Builder
	for _, line := range p.head {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "#EXT-X-TARGETDURATION":
			line = fmt.Sprintf("%s:%d", name, c.whole)
		case "#EXT-X-PART-INF":
			line = fmt.Sprintf("%s:PART-TARGET=%.3f", name, target.Seconds())
		case "#EXT-X-SERVER-CONTROL":
			attributes := strings.Split(rest, ",")
			for i, a := range attributes {
				switch attribute, _, _ := strings.Cut(a, "="); attribute {
				case "PART-HOLD-BACK":
					attributes[i] = fmt.Sprintf("%s=%.3f", attribute, (leastParts * target).Seconds())
				case "CAN-SKIP-UNTIL":
					attributes[i] = fmt.Sprintf("%s=%d", attribute, leastSkipped*c.whole)
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
	for _, other := range others {
		msn, part := other.msn+at.offset, other.part
		if other.msn < 0 {
			msn, part = p.last()
		}
		if part >= 0 {
			fmt.Fprintf(&b, "%sURI=%q,LAST-MSN=%d,LAST-PART=%d\n", tagReport, other.address, msn, part)
		}
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
