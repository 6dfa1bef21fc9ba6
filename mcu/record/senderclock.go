package record

import (
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mcu/rtptime"
)

const (
	// transitSpan is how long the fastest transit of a participant's sound is remembered.
	transitSpan = 10 * time.Second
	// maxEarly is how much earlier than its arrival sound may be put while all packets come late. The
	// mix plays sound as it arrives, and a track is not to leave the mix.
	maxEarly = 80 * time.Millisecond
	// jumped is how far transits differ that are of two clocks, and not of one network path.
	jumped = 2 * time.Second
	// maxClockSkew is how far apart a sender's reports may put sound and picture that came together.
	// Package ingest believes no more than that either, for the mix.
	maxClockSkew = time.Second
	// maxMove is how far a single report may move pictures. What is further counts once it has been so
	// for steadySkew, in which senders report again (RFC 3550 §6.2).
	maxMove    = 80 * time.Millisecond
	steadySkew = 6 * time.Second
)

// senderClock places what a participant sends on the room's clock. Its sender may have no clock, or one
// that jumps, so no report decides alone:
//
//	sound    its timestamps, as its fastest packets arrived
//	picture  its arrival, and what the reports of both streams say between sound and picture
//
// The zero value knows nothing. It belongs to one goroutine.
type senderClock struct {
	// Of the sound.
	begun       bool
	last        uint32        // timestamp that came last
	sent        time.Duration // what it stands for, since the first
	fastest     time.Duration // least transit of this span
	fastestLast time.Duration // and of the one before
	since       time.Duration // when this span began, by arrival

	// Of the pictures.
	known     bool          // offset is known
	offset    time.Duration // of the room's clock from the sender's
	skew      time.Duration // what is added to arrivals; not far from steady
	steady    time.Duration // what reports said for steadySkew
	watched   bool          // reports say next, since nextSince
	next      time.Duration
	nextSince time.Duration
}

// hear learns from a packet of sound as it comes, and returns its place in the sender's count of
// time, from which settle finds its place in the room.
func (c *senderClock) hear(at media.Time) (sent time.Duration) {
	if !c.begun {
		c.begun, c.last, c.since = true, at.Timestamp, at.Arrived
		c.fastest, c.fastestLast = at.Arrived, at.Arrived
	}
	c.sent += rtptime.Since(at.Timestamp, c.last, pcm.Rate)
	c.last = at.Timestamp
	if c.known = !at.Captured.IsZero(); c.known {
		c.offset = c.transit() + c.sent - at.Captured.Sub(time.Unix(0, 0))
	}
	return c.sent
}

// settle returns where a packet of sound belongs on the room's clock. least is the least transit of
// those that came with it: itself, and the next few. A single packet that is late stays where its
// timestamp puts it. Where all are late, or early, the sender has paused its timestamps, or has
// others.
func (c *senderClock) settle(sent, least, arrived time.Duration) time.Duration {
	switch early := least - c.transit(); {
	case early > maxEarly || early < -jumped:
		c.fastest, c.fastestLast, c.since = least, least, arrived
	case arrived-c.since > transitSpan:
		c.fastestLast, c.fastest, c.since = c.fastest, least, arrived
	default:
		c.fastest = min(c.fastest, least)
	}
	return sent + c.transit()
}

// transit is the least of the last packets.
func (c *senderClock) transit() time.Duration { return min(c.fastest, c.fastestLast) }

// place returns when a picture was captured, on the room's clock.
func (c *senderClock) place(at media.Time) time.Duration {
	if c.known && !at.Captured.IsZero() {
		c.follow(at.Captured.Sub(time.Unix(0, 0))+c.offset-at.Arrived, at.Arrived)
	}
	return at.Arrived + c.skew
}

// follow takes what the reports say of a picture's skew at an instant.
func (c *senderClock) follow(skew, now time.Duration) {
	if skew.Abs() >= maxClockSkew {
		c.watched = false
		return
	}
	if (skew - c.steady).Abs() <= maxMove {
		c.skew = skew
	}
	switch {
	case !c.watched || (skew-c.next).Abs() > maxMove/2:
		c.watched, c.next, c.nextSince = true, skew, now
	case now-c.nextSince >= steadySkew:
		c.skew, c.steady, c.nextSince = skew, skew, now
	}
}
