package fanout

import (
	"time"

	"tilemix/mcu/rtc"
)

const (
	// maxHistory bounds the access units that are kept, in bytes.
	maxHistory = 1 << 20
	// replayStep is the time between two replayed pictures in 90 kHz ticks: they
	// are to be decoded, not watched.
	replayStep = 90
)

// history keeps the access units since the last IDR, while that is so recent that
// there may be no other. The zero value is empty. Its memory is reused.
type history struct {
	data  []byte
	ends  []int // of each access unit in data
	split packetizer
}

// add keeps an access unit.
func (h *history) add(au []byte, key bool) {
	if key {
		h.clear()
	} else if len(h.ends) == 0 {
		return
	}
	if len(h.data)+len(au) > maxHistory {
		h.clear()
		return
	}
	h.data = append(h.data, au...)
	h.ends = append(h.ends, len(h.data))
}

func (h *history) clear() { h.data, h.ends = h.data[:0], h.ends[:0] }

// CanReplay tells whether a newcomer can be served from what was encoded: the
// last IDR is too recent for another.
func (r *Rendition) CanReplay(now time.Time) bool {
	return len(r.recent.ends) > 0 && now.Sub(r.lastKey) < KeyInterval
}

// Replay sends a newcomer what was encoded since the last IDR, as fast as he can
// decode it, so that he goes on with everybody's next picture. The timestamps
// are just before that of now. It returns the number of access units.
func (r *Rendition) Replay(d *rtc.Downlink, now time.Time) int {
	at := 0
	behind := uint32(len(r.recent.ends))
	for i, end := range r.recent.ends {
		d.Write(rtc.Packets{
			Payloads:  r.recent.split.split(r.recent.data[at:end]),
			Timestamp: r.timestamp(now) - (behind-uint32(i))*replayStep,
			At:        now,
			Key:       i == 0,
		})
		at = end
	}
	r.replays.Add(1)
	return len(r.recent.ends)
}
