package picture

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
	"tilemix/mcu/overlay"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
	"tilemix/mixer/decor"
	"tilemix/mixer/motion"
	"tilemix/mixer/video"
)

// linger (5 s) is how long a rendition stays after the last viewer that took it.
const linger = 5 * time.Second

// view is one picture of the room: a canvas, in all its renditions. It belongs to the
// picture clock. Each rendition has a goroutine (rendition.Encoder.Run): it makes the
// encoder and runs it, but for that of the lead rendition of an inline view, which the clock runs
// itself.
type view struct {
	env      Env
	key      views.ViewKey
	rungs    []ladder.Rung // that viewers may have
	every    int           // it is drawn at one tick of so many
	inline   bool          // the clock itself encodes the lead rendition
	canvas   *video.Compositor
	overlays overlay.Frame
	lobby    *lobby                 // that is drawn instead of tiles; nil: the view is of a room
	all      []*rendition.Rendition // by rung and codec
	out      chan<- rendition.Output
	running  sync.WaitGroup
	pool     *yuv.Pool
	frames   []*yuv.Frame // the canvas of this tick, by rung
	scalers  []yuv.Scaler // by rung
	tick     int
	dark     bool // nobody has seen what is drawn since
}

func newView(env Env, of scene.View, out chan<- rendition.Output) (*view, error) {
	canvas, err := video.NewCompositor(of.Size, env.Fonts.All)
	if err != nil {
		return nil, err
	}
	hall, err := newLobby(env, of.Size)
	if err != nil {
		return nil, err
	}
	every := of.Key.Every(env.FrameRate)
	rungs := ladder.Like(env.Rungs, of.Size, every)
	most := len(rungs) * len(table.Videos())
	return &view{
		env: env, key: of.Key, rungs: rungs, every: every, canvas: canvas, lobby: hall, out: out,
		pool:   yuv.NewPool(most + len(rungs)), // one each is encoded, one a size is made
		frames: make([]*yuv.Frame, len(rungs)), scalers: make([]yuv.Scaler, len(rungs)),
	}, nil
}

// find returns the view of a key, nil where there is none.
func find(all []*view, key views.ViewKey) *view {
	for _, v := range all {
		if v.key == key {
			return v
		}
	}
	return nil
}

// lead is the rendition whose pictures may not wait for others: the clock encodes and
// sends it before it hands the others out.
func lead() rendition.Key { return rendition.Key{Codec: codec.H264} }

// lead returns the lead rendition, nil where there is none.
func (v *view) lead() *rendition.Rendition {
	for _, r := range v.all {
		if r.Key() == lead() {
			return r
		}
	}
	return nil
}

// rendition returns a rendition, which is made if there is none, or nil for the rung
// without a picture.
func (v *view) rendition(k rendition.Key) *rendition.Rendition {
	for _, r := range v.all {
		if r.Key() == k {
			return r
		}
	}
	rung := v.rungs[k.Rung]
	if rung == (ladder.Rung{}) {
		return nil
	}
	c := rendition.Config{Key: k, Rung: rung, Epoch: v.env.Epoch}
	if v.env.Relay != nil {
		r, run := v.env.Relay.Rendition(c, v.out)
		v.add(r, run)
		return r
	}
	r, enc := rendition.NewEncoder(c, func() (codec.VideoEncoder, error) {
		return v.env.Codecs.NewEncoder(k.Codec, codec.VideoConfig{
			Width: rung.Size.X, Height: rung.Size.Y, FrameRate: rung.FrameRate, Bitrate: rung.Bitrate,
		})
	}, v.out)
	v.add(r, enc.Run)
	return r
}

// add takes a rendition, and starts what makes it.
func (v *view) add(r *rendition.Rendition, run func()) {
	v.all = append(v.all, r)
	slices.SortFunc(v.all, func(a, b *rendition.Rendition) int {
		return cmp.Or(cmp.Compare(a.Key().Rung, b.Key().Rung), cmp.Compare(a.Key().Codec, b.Key().Codec))
	})
	v.running.Go(run)
}

// recount begins to count who takes each rendition.
func (v *view) recount() {
	for _, r := range v.all {
		r.Recount()
	}
}

// used tells whether anybody takes a rendition.
func (v *view) used() bool { return slices.ContainsFunc(v.all, (*rendition.Rendition).Taken) }

// best tells whether nobody takes a better rendition than r of this view.
func (v *view) best(r *rendition.Rendition) bool {
	for _, other := range v.all {
		if other == r {
			return true
		}
		if other.Taken() {
			return false
		}
	}
	return false
}

// due tells whether the view is drawn at this tick.
func (v *view) due() bool { return v.tick%v.every == 0 }

// compose draws the tiles on a ground of a colour, or what a lobby has instead, and tells whether that changed anything.
func (v *view) compose(tiles []video.Tile, waiting []scene.Waiter, shown *overlay.State, ground decor.Colour, now time.Time) bool {
	state := *shown
	filmed := slices.ContainsFunc(tiles, func(t video.Tile) bool { return t.Picture != nil })
	if state.Waiting = state.Waits(len(tiles), filmed); state.Waiting {
		tiles = nil
	}
	o := v.overlays.At(state, now)
	if o.Colour == 0 {
		o.Colour = ground
	}
	v.canvas.Overlay(o)
	v.dark = false
	small := state.Waiting || slices.ContainsFunc(tiles, func(t video.Tile) bool { return t.Bare })
	for _, r := range v.all {
		r.Sharpen(small) // so that small text is legible
	}
	if v.lobby != nil && !v.lobby.compose(waiting, now) || v.lobby == nil && !v.canvas.Compose(tiles) {
		return false
	}
	for _, r := range v.all {
		r.Touch()
	}
	return true
}

// transit says how tiles come to other places from now on. They jump where there is no time to spare, and
// where nobody saw the places that they come from.
func (v *view) transit(shown *overlay.State, strained bool, now time.Time) {
	how := shown.Transition()
	if strained || v.dark {
		how = motion.Transition{}
	}
	v.canvas.Transit(how, now)
}

// picture returns what compose drew.
func (v *view) picture() *image.YCbCr {
	if v.lobby != nil {
		return v.lobby.Canvas()
	}
	return v.canvas.Canvas()
}

// encodeLead encodes the lead rendition, if it is due.
func (v *view) encodeLead(now time.Time) (out rendition.Output, due bool) {
	r := v.lead()
	if r == nil || !v.inline || !r.Due(now, v.tick) {
		return rendition.Output{}, false
	}
	return r.Encode(v.picture(), now), true
}

// offer gives the picture to the producer of each other rendition that is due, in its
// size.
func (v *view) offer(now time.Time) {
	for _, r := range v.all {
		if v.inline && r.Key() == lead() || !r.Due(now, v.tick) {
			continue
		}
		if f := v.scaled(r); f != nil {
			r.Offer(f.Retain(), now)
		} else {
			r.Skip()
		}
	}
	for i, f := range v.frames {
		f.Release()
		v.frames[i] = nil
	}
	v.tick++
}

// scaled returns the canvas in a rendition's size: renditions of one size share it. It is
// nil when the pool is empty.
func (v *view) scaled(r *rendition.Rendition) *yuv.Frame {
	rung := r.Key().Rung
	if v.frames[rung] == nil {
		f := v.pool.Get(r.Rung().Size.X, r.Rung().Size.Y)
		if f == nil {
			return nil
		}
		v.scalers[rung].Scale(&f.YCbCr, v.picture())
		v.frames[rung] = f
	}
	return v.frames[rung]
}

// sweep ends renditions that nobody has taken for some time, and those without a
// producer, so that another is tried.
func (v *view) sweep(now time.Time, linger time.Duration) {
	v.all = slices.DeleteFunc(v.all, func(r *rendition.Rendition) bool {
		if !r.Expired(now, linger) {
			return false
		}
		r.Close()
		return true
	})
}

// forsake ends all renditions, as there is nobody to take them.
func (v *view) forsake() {
	for _, r := range v.all {
		r.Forsake()
	}
	v.sweep(time.Now(), 0)
}

// shut ends all renditions that work on nothing, and tells whether none is left.
func (v *view) shut() bool {
	v.all = slices.DeleteFunc(v.all, func(r *rendition.Rendition) bool {
		if r.Busy() {
			return false
		}
		r.Close()
		return true
	})
	return len(v.all) == 0
}

// close ends all renditions and waits for their goroutines.
func (v *view) close() {
	for _, r := range v.all {
		r.Close()
	}
	v.running.Wait()
	if n := v.pool.Live(); n > 0 {
		v.env.Log.Error("scaled pictures leaked", "frames", n)
	}
}
