package mcu

import (
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/uplink"
)

const (
	// limitInterval is the time between two limits of a bitrate.
	limitInterval = time.Second
	// limitSound is added for the sound, which the limit is for too.
	limitSound = 64_000
	// limitLeast goes to whoever is to send nothing. Packets have to come, since
	// they are what repeats and lifts the limit.
	limitLeast = 64_000
	// limitNone lifts a limit.
	limitNone = 20_000_000
)

// askUplinks tells each sender what of his camera is of use, where that is news,
// and sets the loop's timer for what it is too early for.
func (r *Room) askUplinks(now time.Time) {
	var next time.Time
	for _, p := range r.members {
		if p.viewer || !p.connected {
			continue
		}
		ask, again := p.asked.Decide(p.wish, now)
		if ask {
			p.askUplink()
		}
		if !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
	}
	r.again.Stop()
	if !next.IsZero() {
		r.again.Reset(next.Sub(now))
	}
}

// askUplink tells a sender over the control channel what was decided. Whoever has
// none is limited in his bitrate.
func (p *Participant) askUplink() {
	w, asked := p.asked.Wish()
	if !asked {
		return
	}
	if p.send == nil && !p.open.Load() {
		p.limit.Store(int64(max(w.Bitrate, limitLeast) + limitSound))
		return
	}
	p.limit.Store(0)
	p.deliver(control.Uplink{
		Width: w.Size.X, Height: w.Size.Y,
		MaxFramerate: w.FrameRate, MaxBitrate: w.Bitrate, Active: w != uplink.Wish{},
	})
}

// limiter repeats a limit to a sender. It belongs to the goroutine that reads his
// track.
type limiter struct {
	bps int64
	at  time.Time
}

// limit is called with each packet and the limit there is now; 0 is none.
func (l *limiter) limit(t interface{ LimitBitrate(bps int) }, bps int64, now time.Time) {
	switch {
	case bps == l.bps && (bps == 0 || now.Sub(l.at) < limitInterval):
		return
	case bps == 0:
		t.LimitBitrate(limitNone)
	default:
		t.LimitBitrate(int(bps))
	}
	l.bps, l.at = bps, now
}
