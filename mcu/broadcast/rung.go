package broadcast

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"tilemix/codec/h264"
	"tilemix/codec/ticks"
	"tilemix/mcu/intake"
	"tilemix/mcu/ladder"
)

// NAL unit types (H.264 Table 7-1).
const (
	nalSPS = 7
	nalPPS = 8
)

var (
	errNoUnits      = errors.New("access unit without NAL units")
	errNoParameters = errors.New("IDR without parameter sets")
)

// pictureUnits are the NAL units of an access unit. They share its memory.
type pictureUnits struct {
	all      [][]byte
	sps, pps []byte // of an IDR
}

// parse splits an access unit. It fails if the unit is empty, or is an IDR without parameter sets.
func parse(u *intake.Unit) (pictureUnits, error) {
	var p pictureUnits
	for n := range h264.NALs(u.Data) {
		p.all = append(p.all, n)
		switch n[0] & 0x1f {
		case nalSPS:
			p.sps = n
		case nalPPS:
			p.pps = n
		}
	}
	if len(p.all) == 0 {
		return p, errNoUnits
	}
	if u.Key && (p.sps == nil || p.pps == nil) {
		return p, errNoParameters
	}
	return p, nil
}

// rung is a rendition of the picture in a session, which has a muxer of its own. The muxer of the first one
// has the sound too. The goroutine of the broadcast fills it. Serving from it is safe for concurrent use.
type rung struct {
	ladder.Rung
	list  string // the name of its playlist
	muxer *gohlslib.Muxer
	video *gohlslib.Track
	size  gauge
	front front

	// Owned by the broadcast's goroutine.
	sps, pps []byte
	grid     intake.Grid
	key      []byte        // the last IDR
	started  time.Duration // when the present segment began
	playable bool          // the first segment is whole
	whole    int           // segments that are whole
}

// newRung returns a rendition that begins with an IDR of these units. Sounds are the tracks beside the picture.
func newRung(of ladder.Rung, p pictureUnits, list string, sounds []*gohlslib.Track, fault func(error)) (*rung, error) {
	r := &rung{Rung: of, list: list, sps: bytes.Clone(p.sps), pps: bytes.Clone(p.pps)}
	r.video = &gohlslib.Track{Codec: &codecs.H264{SPS: r.sps, PPS: r.pps}, ClockRate: videoRate}
	r.muxer = &gohlslib.Muxer{
		Variant:            gohlslib.MuxerVariantLowLatency,
		Tracks:             append([]*gohlslib.Track{r.video}, sounds...),
		SegmentCount:       segments,
		SegmentMinDuration: segmentLength,
		PartMinDuration:    partLength,
		SegmentMaxSize:     segmentBytes,
		OnEncodeError:      fault,
	}
	r.grid.Place(0) // all renditions have the same grid
	return r, r.muxer.Start()
}

// fits reports whether an IDR has the parameter sets of the rendition.
func (r *rung) fits(p pictureUnits) bool {
	return bytes.Equal(r.sps, p.sps) && bytes.Equal(r.pps, p.pps)
}

// place returns where a picture is on the grid, for one at a time since the session began.
func (r *rung) place(at time.Duration) time.Duration {
	if len(r.key) == 0 && at < intake.Tick/2 {
		return 0
	}
	return r.grid.Place(at)
}

// write has the muxer add a picture. An IDR ends the segment before it, whose length is returned then.
func (r *rung) write(p pictureUnits, key bool, at time.Duration, wall time.Time) (ended time.Duration, err error) {
	if err := r.muxer.WriteH264(r.video, wall, ticks.Of(at, videoRate), p.all); err != nil {
		return 0, err
	}
	if key && at-r.started >= segmentLength {
		ended = at - r.started
		r.size.cut(ended)
		r.started, r.playable = at, true
		r.whole++
	}
	size := 0
	for _, n := range p.all {
		size += len(n) + 4 // and its length
	}
	r.size.add(size)
	return ended, nil
}

// finish ends the last segment, with an IDR that no player plays.
func (r *rung) finish(wall time.Time) {
	if p, err := parse(&intake.Unit{Data: r.key, Key: true}); err == nil {
		at := r.grid.After(0)
		_, _ = r.write(p, true, at, wall.Add(at))
	}
}

// ask returns the answer of the muxer.
func (r *rung) ask(file, query string) answer {
	a := answer{header: http.Header{}}
	r.muxer.Handle(&a, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/" + file, RawQuery: query}})
	return a
}

// answer is an answer of the muxer, in memory. Its status is 0 for an unknown file.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// name is what a rendition is called: after the shorter side of its picture, such as 720p.
func name(of ladder.Rung) string { return fmt.Sprintf("%dp", min(of.Size.X, of.Size.Y)) }

// front is how far the playlist of a rendition has come. It is safe for concurrent use. The zero value has to look.
type front struct {
	mu        sync.Mutex
	looked    time.Time
	msn, part int
}

// fresh (100 ms) is for how long a look at a playlist is good. Parts are twice as long.
const fresh = 100 * time.Millisecond

// last returns the last part that a playlist of the rendition has, by the muxer's numbers, and -1 for the
// part of a playlist without parts.
func (r *rung) last(now time.Time) (msn, part int) {
	f := &r.front
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.looked) > fresh {
		a := r.ask(videoList, "")
		f.msn, f.part = readMediaList(a.body.String()).last()
		f.looked = now
	}
	return f.msn, f.part
}

// gauge measures what a stream takes, by its segments. It is safe for concurrent use. The zero value is ready.
type gauge struct {
	mu    sync.Mutex
	grown int // bytes of the segment that grows
	bytes int // of the whole segments
	span  time.Duration
	peak  int // bits a second
}

// What fragments take beside samples, in bytes (ISO/IEC 14496-12 §8.8).
const sampleHeader, partHeader = 16, 120

// add counts a sample of the segment that grows.
func (g *gauge) add(bytes int) {
	g.mu.Lock()
	g.grown += bytes + sampleHeader
	g.mu.Unlock()
}

// cut ends a segment of a length.
func (g *gauge) cut(length time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.grown += partHeader * int(length/partLength+1)
	g.peak = max(g.peak, rate(g.grown, length))
	g.bytes, g.span, g.grown = g.bytes+g.grown, g.span+length, 0
}

// rates returns the most and the average of a stream, bits a second.
func (g *gauge) rates() (peak, average int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peak, rate(g.bytes, g.span)
}

// rate returns bits a second.
func rate(bytes int, span time.Duration) int {
	if span <= 0 {
		return 0
	}
	return int(float64(8*bytes) / span.Seconds())
}
