package mcu

import (
	"cmp"
	"image"
	"slices"
	"sync"
	"time"

	"tilemix/codec"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/ladder"
)

// linger is how long a rendition stays after the last one who took it.
const linger = 5 * time.Second

// view is a room's picture in all its renditions. It belongs to the picture clock.
// Each rendition has a goroutine (rendition.run): it makes the encoder and runs it, but
// for that of the lead rendition, which the clock runs itself.
type view struct {
	room    *Room
	rungs   []ladder.Rung
	all     []*rendition // by rung and codec
	results chan result
	running sync.WaitGroup
	pool    *yuv.Pool
	frames  []*yuv.Frame // the canvas of this tick, by rung
	tick    int
}

func newView(r *Room) *view {
	rungs := r.server.rungs
	most := len(rungs) * len(table.Videos())
	return &view{
		room: r, rungs: rungs,
		results: make(chan result, most),        // each rendition has one at most
		pool:    yuv.NewPool(most + len(rungs)), // one each is encoded, one a size is made
		frames:  make([]*yuv.Frame, len(rungs)),
	}
}

// find returns a rendition, which is made if there is none, or nil for the rung
// without a picture.
func (v *view) find(k kind) *rendition {
	for _, r := range v.all {
		if r.kind == k {
			return r
		}
	}
	if v.rungs[k.rung] == (ladder.Rung{}) {
		return nil
	}
	r := &rendition{kind: k, Rung: v.rungs[k.rung], jobs: make(chan job, 1), stale: true, busy: true, pulse: keepAlive}
	v.all = append(v.all, r)
	slices.SortFunc(v.all, func(a, b *rendition) int {
		return cmp.Or(cmp.Compare(a.rung, b.rung), cmp.Compare(a.codec, b.codec))
	})
	v.running.Go(func() { r.run(v.room, v.results) })
	return r
}

// touch says that the picture changed.
func (v *view) touch() {
	for _, r := range v.all {
		r.stale = true
	}
}

// used tells whether anybody takes a rendition.
func (v *view) used() bool {
	return slices.ContainsFunc(v.all, func(r *rendition) bool { return r.takers > 0 })
}

// lead is the rendition whose pictures may not wait for others: the clock encodes
// and sends it before it hands the others out.
var lead = kind{codec: codec.H264}

// lead returns the lead rendition, nil where there is none.
func (v *view) lead() *rendition {
	for _, r := range v.all {
		if r.kind == lead {
			return r
		}
	}
	return nil
}

// hand gives the picture to the goroutine of each rendition that is due, in its size.
func (v *view) hand(canvas *image.YCbCr, now time.Time) {
	for _, r := range v.all {
		if r.kind == lead || !r.due(now, v.tick) {
			continue
		}
		f := v.scaled(r, canvas)
		if f == nil {
			r.enc.Skip()
			continue
		}
		r.stale, r.busy, r.encoded = false, true, now
		r.jobs <- job{f.Retain(), now}
	}
	for i, f := range v.frames {
		f.Release()
		v.frames[i] = nil
	}
	v.tick++
}

// scaled returns the canvas in a rendition's size: renditions of one size share it.
func (v *view) scaled(r *rendition, canvas *image.YCbCr) *yuv.Frame {
	if v.frames[r.rung] == nil {
		f := v.pool.Get(r.Size.X, r.Size.Y)
		if f == nil {
			return nil
		}
		yuv.Scale(&f.YCbCr, canvas)
		v.frames[r.rung] = f
	}
	return v.frames[r.rung]
}

// settle takes a result's encoder or picture back. It returns false when there is no
// picture to send.
func (v *view) settle(res result) bool {
	r := res.r
	r.busy = false
	switch {
	case res.err != nil && r.enc == nil:
		v.room.log.Error("no encoder for a rendition", "height", r.Size.Y, "error", res.err)
		r.failed = true
	case res.enc != nil:
		r.enc = res.enc
	}
	if res.err != nil {
		v.room.server.stats.encodeErrors.Inc()
	}
	return res.err == nil && res.enc == nil
}

// sweep ends renditions that nobody has taken for some time, and those without an
// encoder, so that another is tried.
func (v *view) sweep(now time.Time, linger time.Duration) {
	v.all = slices.DeleteFunc(v.all, func(r *rendition) bool {
		if r.takers > 0 && !r.failed {
			r.taken = now
		}
		if r.busy || now.Sub(r.taken) < linger {
			return false
		}
		close(r.jobs)
		return true
	})
}

// close ends all renditions.
func (v *view) close() {
	for _, r := range v.all {
		close(r.jobs)
	}
	v.running.Wait()
	if n := v.pool.Live(); n > 0 {
		v.room.log.Error("scaled pictures leaked", "frames", n)
	}
}
