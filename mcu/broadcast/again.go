package broadcast

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tilemix/mcu/journal"
)

// gaps (7) is how many segments that nobody can play a muxer begins with. They have the first numbers.
const gaps = 7

// place is where a session stands in the stream that players know: in the server before, which crashed, and
// in this one. A session that begins anew has the zero place.
type place struct {
	offset int // from the muxer's numbers of segments to those of playlists
	breaks int // discontinuities before this one
}

// past is what the server that follows a crash has to know of a session.
type past struct {
	ID     string `json:"id"`
	Next   int    `json:"next"`   // number of the segment that grows, in playlists
	Breaks int    `json:"breaks"` // discontinuities
}

// memory keeps where sessions are, for the server that follows a crash. It is safe for concurrent use.
type memory struct {
	journal *journal.Journal                 // nil: nothing is kept
	left    func(key string) json.RawMessage // returns what another server has left, once; nil: none has
}

// key names a room's session in the journal.
func (*memory) key(room string) string { return "hls/" + room }

// take returns the session of a room in the server before, once.
func (m *memory) take(room string) (p past, ok bool) {
	if m.left == nil || json.Unmarshal(m.left(m.key(room)), &p) != nil || p.ID == "" {
		return past{}, false
	}
	return p, true
}

// goOn has a session go on where that of the server before stood, if there was one: under the same address,
// with the numbers that follow. Players see a discontinuity (RFC 8216bis §4.4.4.3).
func (m *memory) goOn(s *session) {
	if p, ok := m.take(s.room); ok {
		s.id, s.place = p.ID, place{offset: p.Next + 1 - gaps, breaks: p.Breaks + 1}
	}
	m.note(s)
}

// note keeps where a session stands.
func (m *memory) note(s *session) {
	if m.journal != nil {
		m.journal.Put(m.key(s.room), past{ID: s.id, Next: gaps + s.whole() + s.place.offset, Breaks: s.place.breaks})
	}
}

// forget keeps a session no more, which has ended in order.
func (m *memory) forget(s *session) {
	if m.journal != nil {
		m.journal.Drop(m.key(s.room))
	}
}

// inside returns the query of a request with the muxer's numbers. A player that waits for a segment of the
// server before gets the playlist at once.
func (p place) inside(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil || p.offset == 0 || !values.Has("_HLS_msn") {
		return query
	}
	if msn, err := strconv.Atoi(values.Get("_HLS_msn")); err == nil && msn-p.offset >= gaps {
		values.Set("_HLS_msn", strconv.Itoa(msn-p.offset))
	} else {
		values.Del("_HLS_msn")
		values.Del("_HLS_part")
	}
	return values.Encode()
}

// outside gives a media playlist the numbers that players know, and its discontinuity. The muxer's list must
// not change any more.
func (p place) outside(list *mediaList) {
	if p.offset == 0 {
		return
	}
	const sequence = "#EXT-X-MEDIA-SEQUENCE:"
	const tag = "#EXT-X-DISCONTINUITY"
	before := p.breaks
	switch at := gaps - list.first; {
	case at >= 0 && at < len(list.segments):
		list.segments[at].lines = append([]string{tag}, list.segments[at].lines...)
		before--
	case at == len(list.segments):
		list.tail = append([]string{tag}, list.tail...)
		before--
	case at > len(list.segments):
		before--
	}
	for i, line := range list.head {
		if number, ok := strings.CutPrefix(line, sequence); ok {
			n, _ := strconv.Atoi(number)
			list.head[i] = fmt.Sprintf("%s%d\n%s-SEQUENCE:%d", sequence, n+p.offset, tag, before)
		}
	}
	list.first += p.offset
}
