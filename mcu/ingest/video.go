package ingest

import (
	"image"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/ticks"
	"tilemix/codec/yuv"
	"tilemix/mcu/elapsed"
	"tilemix/mcu/fit"
	"tilemix/mcu/headroom"
	"tilemix/mixer/layout"
)

// keyInterval is the least time between two requests for a key frame.
const keyInterval = time.Second

// VideoConfig is what a Video works with.
type VideoConfig struct {
	Decoder    codec.VideoDecoder // owned, and closed, by the Video. It may scale (tileDecoder)
	Joiner     payload.Joiner     // of what the Decoder decodes; owned by the Video
	Parameters [][]byte           // sets of H.264 that the sender offered, each a NAL unit
	Pool       *yuv.Pool
	Kind       layout.SourceKind // a screen loses nothing at its edges
	// Turns holds one for each camera that decodes now; its capacity is the most
	// that may. More at once than there are cores would only push the clocks aside.
	Turns chan struct{}
	// Headroom says what of a core the camera may cost. It may be nil.
	Headroom *headroom.Headroom
	// RequestKeyFrame asks the sender for an IDR. It is called from Push, Show and AskKeyFrame.
	RequestKeyFrame func()
	// Reassembled and Decoded take the time that each stage took, in seconds.
	Reassembled, Decoded interface{ Observe(float64) }
	// Skew takes how much later than its sound each picture is shown, in seconds. It
	// may be nil.
	Skew interface{ Observe(float64) }
	// Tap takes each access unit as it is whole, whether anybody sees it or not: its number,
	// which leaves one out for each loss, when it would have come without jitter, and
	// when it was captured by the sender's clock, if that is known. It tells whether it
	// needs an IDR, which is asked for then. It may be nil.
	Tap func(n uint64, au []byte, due, captured time.Time, timestamp uint32) (needKey bool)
}

// tileDecoder is a codec.VideoDecoder that scales its pictures where it decodes them. The pictures of
// others are scaled by a fit.Local.
type tileDecoder interface {
	DecodeTiles(au []byte, w fit.Wanted, pool *yuv.Pool) (fit.Picture, error)
}

// Video is one inbound camera: packets go in, the newest picture comes out,
// cropped and scaled for the tile.
//
// It has two halves. Push and Stop belong to the goroutine that reads the
// track, Picture and Release to the picture clock; they meet in a playout that
// keeps the newest pictures. Stats is safe for concurrent use, Show for one goroutine.
type Video struct {
	cfg     VideoConfig
	decoder tileDecoder // cfg.Decoder
	turn    turn
	queue   queue
	budget  decodeBudget
	broken  bool   // waits for an IDR
	number  uint64 // of the access unit, with those that are lost
	model   arrivalModel
	tapped  lateness
	backlog readBacklog
	flow    flow
	sender  senderClock
	sets    parameters
	tiles   tiles

	base  elapsed.Base
	asked atomic.Int64 // when a key frame was asked for last, of base; 0: never
	gone  atomic.Bool  // the clock has let go

	playout playout

	shown *yuv.Frame // owned by the clock, as is sync
	sync  avSync

	packets, dropped, pictures, lost, corrupt, capped, lagged, starved, keyRequests atomic.Uint64
	padding, units, keys, bare, holes, cuts, oversize, unaffordable, refused        atomic.Uint64
}

// NewVideo returns a Video that has no tile yet.
func NewVideo(cfg VideoConfig) *Video {
	v := &Video{
		cfg: cfg, broken: true, sender: senderClock{rate: ticks.Video},
		queue: queue{join: cfg.Joiner, patience: usualPatience},
	}
	var scales bool
	if v.decoder, scales = cfg.Decoder.(tileDecoder); !scales {
		v.decoder = &fit.Local{Decoder: cfg.Decoder}
	}
	v.turn.of(cfg.Decoder, cfg.Turns)
	for _, nal := range cfg.Parameters {
		v.sets.keep(nal)
	}
	return v
}

// Show says how large the tile is, in pixels. The zero size says that the camera has no tile: then
// nothing is decoded. A camera that gets a tile is asked for an IDR at once. Other are the sizes of
// its tiles in other views; of more than fit.Most - 1 the picture clock scales the rest.
func (v *Video) Show(tile image.Point, other []image.Point, now time.Time) {
	before := v.tiles.show(tile, other)
	if !before && v.tiles.seen() && v.packets.Load() > 0 {
		v.AskKeyFrame(now)
	}
}

// Whole says which tiles cut nothing off: bit 0 is the next Show's first, the others are its other ones.
func (v *Video) Whole(which uint8) { v.tiles.whole.Store(uint32(which)) }

// AskKeyFrame asks the sender for an IDR, but not twice within keyInterval. It is safe for concurrent use.
func (v *Video) AskKeyFrame(now time.Time) {
	before, at := v.asked.Load(), v.base.At(now)
	if before != 0 && at-before < int64(keyInterval) || !v.asked.CompareAndSwap(before, at) {
		return
	}
	v.keyRequests.Add(1)
	v.cfg.RequestKeyFrame()
}

// Report takes what a sender report says: the sender's time, in NTP's 32.32 fixed
// point, of a timestamp (RFC 3550 §6.4.1). By it pictures are kept with their sound.
// It is for one goroutine.
func (v *Video) Report(ntp uint64, timestamp uint32) { v.sender.set(ntp, timestamp) }

// Wait says how long a missing packet is waited for from now on; 250 ms if never
// said. It belongs to the half of Push.
func (v *Video) Wait(d time.Duration) { v.queue.patience = d }

// Busy says for how long the reader of the track has found each packet waiting for it;
// 0 if never said. It belongs to the half of Push.
func (v *Video) Busy(d time.Duration) { v.backlog.busy = d }

// Push takes one packet, which is copied, and decodes whatever it completes.
func (v *Video) Push(p *rtp.Packet, now time.Time) {
	v.packets.Add(1)
	if len(p.Payload) == 0 {
		v.padding.Add(1)
	}
	v.model.observe(p.SequenceNumber, p.Timestamp, now)
	v.backlog.observe(v.model.late(p.Timestamp, now))
	v.flow.came(v.model.epoch, v.model.transit(p.Timestamp, now), now)
	if !v.queue.push(p, now) {
		v.dropped.Add(1)
	}
	v.playout.observe(now)
	late := time.Duration(0)
	for n := 0; ; n++ {
		au, first, ok := v.queue.pop(now)
		if !ok {
			break
		}
		if n == 0 {
			late = now.Sub(first) + v.model.late(v.queue.stamp, first)
			v.playout.arrived(v.queue.stamp, late)
		} else {
			v.playout.burst(late, now)
		}
		v.cfg.Reassembled.Observe(now.Sub(first).Seconds())
		v.notice()
		v.number++
		au = v.sets.complete(au, v.queue.join)
		v.countUnit()
		if v.cfg.Tap != nil && v.cfg.Tap(v.number, au, v.arrived(first), v.sender.captured(v.queue.stamp), v.queue.stamp) {
			v.AskKeyFrame(now)
		}
		v.take(au, first, now)
	}
	v.notice() // where nothing is whole any more, a key frame is wanted too
	if v.broken && v.tiles.seen() && !v.budget.spent {
		v.AskKeyFrame(now)
	}
}

// notice marks what the queue has lost.
func (v *Video) notice() {
	if v.queue.lost() {
		v.lost.Add(1)
		v.holes.Store(v.queue.holes)
		v.number++
		v.markLoss()
	}
}

// take decodes an access unit and puts its picture into the playout.
func (v *Video) take(au []byte, first, now time.Time) {
	if !v.tiles.seen() {
		v.markLoss() // what is skipped is missing later
		return
	}
	if v.backlog.behind {
		v.lagged.Add(1)
		v.markLoss()
		return
	}
	spare := v.queue.join.Spare()
	if !v.budget.allows(v.cfg.Headroom.Share(), spare, now) {
		v.capped.Add(1)
		v.cuts.Store(v.budget.cuts)
		if !spare {
			v.markLoss()
		}
		return
	}
	asked := time.Now()
	if err := v.turn.take(); err != nil {
		v.fail(err, 0)
		return
	}
	defer v.turn.give()
	start := time.Now()
	pic, err := v.decoder.DecodeTiles(au, v.tiles.wanted(v.cfg.Kind), v.cfg.Pool)
	if err != nil {
		v.fail(err, time.Since(start))
		return
	}
	if pic.Source == (image.Point{}) {
		v.budget.spend(costOf(image.Point{}, len(au)))
		return
	}
	v.broken = false
	v.budget.spend(costOf(pic.Source, len(au)))
	v.put(pic, first, now, asked)
	took := time.Since(start)
	v.cfg.Headroom.Spend(took)
	v.flow.decoded(pic.Source, took)
	v.cfg.Decoded.Observe(took.Seconds())
}

func (v *Video) markLoss() {
	v.broken = true
	if d, ok := v.cfg.Decoder.(codec.LossMarker); ok {
		d.MarkLoss()
	}
}

// put leaves a picture to the clock, for which the newest wins.
func (v *Video) put(pic fit.Picture, first, now, asked time.Time) {
	f := pic.Frame
	if f == nil {
		if pic.Starved {
			v.starved.Add(1)
		}
		return
	}
	f.At, f.Ready = now, now.Add(time.Since(asked))
	f.Due = v.due(first)
	f.Captured = v.sender.captured(v.queue.stamp)
	v.pictures.Add(1)
	v.flow.picture(f.Ready)
	v.playout.put(f)
	if v.gone.Load() {
		v.playout.clear()
	}
}

// Stop ends the uplink's half and closes the decoder.
func (v *Video) Stop() { _ = v.cfg.Decoder.Close() }

// Picture returns the picture to be shown at now, or nil before the first, and
// whether it is a new one. That is the newest, unless it is to wait for its sound,
// which may be nil. It stays valid until the next call of Picture or Release.
func (v *Video) Picture(sound *Voice, now time.Time) (f *yuv.Frame, fresh bool) {
	for _, f := range v.playout.take() {
		v.sync.hold(f)
	}
	for !fresh || !v.sync.slips(&v.playout, now) {
		f := v.sync.next(&v.playout, sound, now)
		if f == nil {
			break
		}
		v.shown.Release()
		v.shown, fresh = f, true
	}
	if fresh {
		v.sync.shown(v.shown, sound, now, v.cfg.Skew)
	}
	return v.shown, fresh
}

// Rest drops the pictures that wait, for a clock that shows none.
func (v *Video) Rest() { v.sync.clear() }

// Release ends the clock's half and lets go of the pictures.
func (v *Video) Release() {
	v.gone.Store(true)
	v.playout.clear()
	v.sync.clear()
	v.shown.Release()
	v.shown = nil
}
