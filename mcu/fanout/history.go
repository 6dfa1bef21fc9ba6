package fanout

import (
	"time"

	"tilemix/codec/ticks"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtptime"
)

const (
	// maxHistory bounds the access units that are kept, in bytes.
	maxHistory = 1 << 20
	// replayStep is the time between two replayed pictures in 90 kHz ticks: they
	// are to be decoded, not watched.
	replayStep = 90
)

// history keeps the access units since the last IDR, while that is so recent that
// there may be no other. The zero value is empty.
type history struct {
	units []*packet.PayloadBuffer
	size  int // of all of them, in bytes
}

// add keeps an access unit.
func (h *history) add(u *packet.PayloadBuffer, size int, key bool) {
	if key {
		h.clear()
	} else if len(h.units) == 0 {
		return
	}
	if h.size+size > maxHistory {
		h.clear()
		return
	}
	u.Retain()
	h.units = append(h.units, u)
	h.size += size
}

func (h *history) clear() {
	for _, u := range h.units {
		u.Release()
	}
	h.units, h.size = h.units[:0], 0
}

// CanReplay tells whether a newcomer can be served from what was encoded: the
// last IDR is no older than recent, and too recent for another.
func (r *Rendition) CanReplay(now time.Time, recent time.Duration) bool {
	return len(r.recent.units) > 0 && now.Sub(r.lastKey) < min(recent, KeyInterval)
}

// Stream is a downlink. It takes a unit that leaves now.
type Stream interface {
	Write(p packet.Packets, now time.Time) bool
}

// Replay sends a newcomer, at the time at, what was encoded since the last IDR, as fast as he can
// decode it, so that he goes on with everybody's next picture. The timestamps
// are between those of last, when d was last sent anything, and now; where there is no
// room for them they end a little later. It returns the number of access units, and the instant
// before which they are.
func (r *Rendition) Replay(d Stream, at, now, last time.Time) (n int, until time.Time) {
	behind := uint32(len(r.recent.units))
	now, step := spread(behind, now, last)
	for i, u := range r.recent.units {
		d.Write(packet.Packets{
			Payloads:  u.Payloads(),
			Buffer:    u,
			Timestamp: r.timestamp(now) - (behind-uint32(i))*step,
			At:        now,
			Key:       i == 0,
		}, at)
	}
	r.replays.Add(1)
	return len(r.recent.units), now
}

// spread finds the step in 90 kHz ticks between so many pictures, and when the one
// after them is: now, or as soon after last as all of them can have timestamps of
// their own. Last is after now where somebody had two pictures of one instant.
func spread(pictures uint32, now, last time.Time) (next time.Time, step uint32) {
	if last.IsZero() {
		return now, replayStep
	}
	const tick = 12 * time.Microsecond // and no less
	if least := last.Add(time.Duration(pictures+1) * tick); now.Before(least) {
		now = least
	}
	gap := rtptime.Timestamp(min(now.Sub(last), time.Second), ticks.Video)
	return now, max(1, min(replayStep, gap/(pictures+1)))
}
