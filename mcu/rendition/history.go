package rendition

import (
	"time"

	"tilemix/codec/ticks"
	"tilemix/mcu/keyframe"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtptime"
)

const (
	// maxHistory (1 MiB) bounds the access units that are kept, in bytes.
	maxHistory = 1 << 20
	// replayStep is the time between two replayed pictures in 90 kHz ticks: they are to
	// be decoded, not watched.
	replayStep = 90
)

// history keeps the access units since the last IDR, while that is so recent that there
// may be no other. The zero value is empty.
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

// Writer takes access units, as a viewer's stream does.
type Writer interface {
	Write(p packet.Packets, now time.Time) bool
}

// CanReplay tells whether a viewer can be served now from what was encoded: the last IDR
// is no older than recent, and too recent for another.
func (r *Rendition) CanReplay(now time.Time, recent time.Duration) bool {
	return !r.busy && len(r.recent.units) > 0 && r.KeyAge(now) < min(recent, keyframe.Interval)
}

// Replay sends a viewer, at the time at, in the tick of now, what was encoded since the last IDR, as fast as it can decode it,
// so that it goes on with everybody's next picture. The timestamps are between those of
// last, when the viewer was last sent anything, and now; where there is no room for them
// they end a little later. It returns the number of access units, and the instant before
// which they are.
func (r *Rendition) Replay(w Writer, at, now, last time.Time) (n int, until time.Time) {
	behind := uint32(len(r.recent.units))
	now, step := spread(behind, now, last)
	for i, u := range r.recent.units {
		w.Write(packet.Packets{
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
// their own. Last is after now where a viewer had two pictures of one instant.
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
