// Package headroom decides how much of a core the decoding of one camera may take: more while
// the machine has it to spare, less while it does not. Time is an argument.
//
//	picture clocks ──▶ Headroom.Tick: late, missed ─┐
//	cameras ──▶ Headroom.Spend: time of decoding ───┴▶ Share ──▶ the budget of each camera
//
// # Why
//
// A sender that ignores feedback may send 1080p at 60 pictures a second and 6 Mbit/s. Alone on an
// idle machine it should be seen as it is. Among many it may not take from others what they
// need. So there is one share for all cameras of the server. A camera that takes less than the
// share does not notice it, and where the share shrinks, the most costly cameras are cut first.
//
// The share falls at once when clocks are late, because viewers see that. It grows slowly, only
// while decoding takes less than half of the machine, and after each fall later than after the
// one before. A fifth of a core is left to each camera at all times: 1080p at 30 pictures a second.
package headroom

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/elapsed"
)

const (
	// Least (a fifth of a core) is what a camera may always take, in time of decoding a second.
	Least = 200 * time.Millisecond
	// most is what it may take at best, because one camera decodes on one core.
	most = 800 * time.Millisecond
	// span is how often the share is decided on; grow is added to it, or it falls to fall of 10.
	span = 500 * time.Millisecond
	grow = 50 * time.Millisecond
	fall = 6
	// tolerated is how much later than due a tick may be, as a part of its period; of the ticks
	// of a span one in lateShare may be later.
	tolerated = 4
	lateShare = 4
	// After a fall the share stays for hold, which doubles up to maxHold, and is forgotten after
	// a calm of maxHold.
	hold    = 2 * time.Second
	maxHold = 64 * time.Second
)

// Headroom is the share of one server. It is safe for concurrent use and has no lock. A nil one
// gives the least share and takes note of nothing.
type Headroom struct {
	cores int64
	most  int64

	base        elapsed.Base // of the times below
	share       atomic.Int64 // ns of decoding a second
	until       atomic.Int64 // the end of this span
	ticks, late atomic.Int64 // in this span
	spent       atomic.Int64 // ns of decoding in this span

	held atomic.Int64 // how long the share stays after the next fall, ns
	calm atomic.Int64 // when it may grow again
	fell atomic.Int64 // when it last fell
}

// New returns the headroom of a machine with so many cores. It begins with the least share.
func New(cores int) *Headroom {
	h := &Headroom{cores: int64(cores), most: min(int64(most), int64(cores)*int64(time.Second)/4)}
	h.most = max(h.most, int64(Least))
	h.share.Store(int64(Least))
	h.held.Store(int64(hold))
	return h
}

// Share returns how long one camera may be decoded in each second.
func (h *Headroom) Share() time.Duration {
	if h == nil {
		return Least
	}
	return time.Duration(h.share.Load())
}

// Spend takes note of how long a picture was decoded.
func (h *Headroom) Spend(d time.Duration) {
	if h != nil {
		h.spent.Add(int64(d))
	}
}

// Tick takes note of one tick of a clock with a period: how much later than due it was, and how
// many ticks were left out before it.
func (h *Headroom) Tick(late time.Duration, missed int, period time.Duration, now time.Time) {
	if h == nil {
		return
	}
	h.ticks.Add(int64(missed) + 1)
	h.late.Add(int64(missed))
	if late > period/tolerated {
		h.late.Add(1)
	}
	end, at := h.until.Load(), h.base.At(now)
	if at < end || !h.until.CompareAndSwap(end, at+int64(span)) {
		return
	}
	h.decide(at, end)
}

// decide ends a span. One clock does it, and none waits for it.
func (h *Headroom) decide(now, end int64) {
	ticks, late, spent := h.ticks.Swap(0), h.late.Swap(0), h.spent.Swap(0)
	length := int64(span) + now - end // the clocks may have rested
	switch {
	case late*lateShare > ticks:
		h.share.Store(max(h.share.Load()*fall/10, int64(Least)))
		wait := h.held.Load()
		h.calm.Store(now + wait)
		h.held.Store(min(2*wait, int64(maxHold)))
		h.fell.Store(now)
	case now < h.calm.Load():
	case spent*2 < length*h.cores:
		h.share.Store(min(h.share.Load()+int64(grow), h.most))
		if now-h.fell.Load() > int64(maxHold) {
			h.held.Store(int64(hold))
		}
	}
}
