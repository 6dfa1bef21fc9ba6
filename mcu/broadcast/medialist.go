package broadcast

import (
	"strconv"
	"strings"
	"time"
)

// mediaList is what a scribe reads of a media playlist.
type mediaList struct {
	head     []string // lines in front of the segments
	segments []segment
	tail     []string // lines behind them
	first    int      // number of the first segment
	parts    int      // of the segment that grows
	target   int      // longest that a segment may be, in seconds
}

// segment is a segment of a playlist.
type segment struct {
	lines   []string // its tags and its address
	address string   // without a query
	length  time.Duration
	parts   []time.Duration // their lengths
	date    time.Time
	dated   bool // the lines have the date
	gap     bool
}

// readMediaList reads the playlist of a muxer.
func readMediaList(text string) *mediaList {
	p := &mediaList{}
	var now segment
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, _ := strings.Cut(line, ":")
		switch name + ":" {
		case tagDate:
			date, err := time.Parse(time.RFC3339, value)
			now.date, now.dated = date, err == nil
		case tagPart:
			_, length, _ := strings.Cut(value, "DURATION=")
			now.parts = append(now.parts, duration(length))
		case tagLength:
			now.length = duration(value)
		case "#EXT-X-GAP:":
			now.gap = true
		case "#EXT-X-MEDIA-SEQUENCE:":
			n, _ := strconv.Atoi(value)
			p.first += n
		case "#EXT-X-TARGETDURATION:":
			p.target, _ = strconv.Atoi(value)
		case "#EXT-X-SKIP:":
			_, skipped, _ := strings.Cut(value, "SKIPPED-SEGMENTS=")
			n, _ := strconv.Atoi(skipped)
			p.first += n
		}
		begun := len(now.parts) > 0 || now.length > 0 || now.dated || now.gap
		switch {
		case line == "":
		case begun && !strings.HasPrefix(line, "#"):
			now.lines = append(now.lines, line)
			now.address, _, _ = strings.Cut(line, "?")
			p.segments = append(p.segments, now)
			now = segment{}
		case begun:
			now.lines = append(now.lines, line)
		default:
			p.head = append(p.head, line)
		}
	}
	p.tail, p.parts = now.lines, len(now.parts)
	if len(p.segments) == 0 {
		return p
	}
	// What comes behind the last segment is no head.
	for i, line := range p.head {
		if strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT:") || line == "#EXT-X-ENDLIST" {
			p.tail = append(p.tail, p.head[i:]...)
			p.head = p.head[:i]
			break
		}
	}
	return p
}

// last returns the number of the segment that has the last part, and the part's in it; -1: there is none.
func (p *mediaList) last() (msn, part int) {
	next := p.first + len(p.segments)
	if p.parts > 0 || len(p.segments) == 0 {
		return next, p.parts - 1
	}
	return next - 1, len(p.segments[len(p.segments)-1].parts) - 1
}

// duration reads the number of seconds in front of a comma.
func duration(text string) time.Duration {
	text, _, _ = strings.Cut(text, ",")
	s, _ := strconv.ParseFloat(text, 64)
	return time.Duration(s * float64(time.Second))
}
