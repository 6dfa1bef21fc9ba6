package record

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"tilemix/codec/mp4"
	"tilemix/codec/pcm"
	"tilemix/mcu"
)

const (
	// transitSpan is how long the fastest way of a participant's sound is remembered.
	transitSpan = 10 * time.Second
	// jumped is how far a sender's clock may be off before it is another.
	jumped = 2 * time.Second
	// patience is how many packets wait for those that are late: enough of the shortest.
	patience = 128
)

// feed is what is written of one participant.
type feed struct {
	Person
	order int

	video, audio reel

	waiting []packet // by when they were taken
	written bool
	last    uint32 // timestamp that was written last

	clock clock
}

// packet is a packet of sound that may have to wait for another.
type packet struct {
	data      []byte
	at        time.Duration // in the file
	arrived   time.Duration
	timestamp uint32
}

// clock places what a participant sends on the room's clock. It takes his own clock,
// by his reports, for both of sound and picture, so that they keep together, and
// the fastest of the last packets for how the two clocks differ, which is slow.
type clock struct {
	known      bool
	now, prior time.Duration // least transits of this span and the one before
	since      time.Duration

	// Without reports the sound counts by its timestamps.
	counting bool
	first    uint32
	began    time.Duration
}

var unix = time.Unix(0, 0)

// observe takes a packet of sound.
func (c *clock) observe(at mcu.Instant) {
	if at.Captured.IsZero() {
		return
	}
	transit := at.Arrived - at.Captured.Sub(unix)
	switch {
	case !c.known || (transit-c.now).Abs() > jumped:
		c.known, c.now, c.prior, c.since = true, transit, transit, at.Arrived
	case at.Arrived-c.since > transitSpan:
		c.prior, c.now, c.since = c.now, transit, at.Arrived
	default:
		c.now = min(c.now, transit)
	}
}

// place returns when something was taken, on the room's clock.
func (c *clock) place(at mcu.Instant) time.Duration {
	if c.known && !at.Captured.IsZero() {
		return at.Captured.Sub(unix) + min(c.now, c.prior)
	}
	return at.Arrived
}

// count is place for sound without reports.
func (c *clock) count(at mcu.Instant) time.Duration {
	if !at.Captured.IsZero() {
		c.counting = false
		return c.place(at)
	}
	since := time.Duration(int32(at.Timestamp-c.first)) * time.Second / pcm.Rate
	if d := at.Arrived - c.began - since; !c.counting || d.Abs() > jumped {
		c.counting, c.first, c.began, since = true, at.Timestamp, at.Arrived, 0
	}
	return c.began + since
}

func (t *tracks) picture(f *feed, p *piece) {
	at := f.clock.place(p.at)
	if !t.open(f, &f.video, Track{Kind: "video", Codec: "h264"}, at) {
		return
	}
	if err := f.video.out.WriteVideo(p.data, at, pictureTime, p.key); err != nil {
		t.fail(f, &f.video, err)
	}
}

func (t *tracks) sound(f *feed, p *piece) {
	if f.audio.ended {
		return
	}
	f.clock.observe(p.at)
	one := packet{bytes.Clone(p.data), f.clock.count(p.at), p.at.Arrived, p.at.Timestamp}
	i, _ := slices.BinarySearchFunc(f.waiting, one, func(a, b packet) int { return int(int32(a.timestamp - b.timestamp)) })
	f.waiting = slices.Insert(f.waiting, i, one)
	until := p.at.Arrived - reorder
	if len(f.waiting) >= patience { // timestamps that fall would wait for ever
		until = 1 << 62
	}
	t.release(f, until)
}

// release writes the packets that came until an instant.
func (t *tracks) release(f *feed, until time.Duration) {
	n := 0
	for ; n < len(f.waiting) && f.waiting[n].arrived <= until && !f.audio.ended; n++ {
		one := f.waiting[n]
		if f.written && int32(one.timestamp-f.last) <= 0 && f.last-one.timestamp < 10*pcm.Rate {
			continue // it is there already
		}
		if !t.open(f, &f.audio, Track{Kind: "audio", Codec: "opus"}, one.at) {
			break
		}
		f.written, f.last = true, one.timestamp
		switch err := f.audio.out.WriteAudio(one.data, one.at); {
		case errors.Is(err, mp4.ErrPacket):
			t.lost.Add(1)
		case err != nil:
			t.fail(f, &f.audio, err)
		}
	}
	f.waiting = slices.Delete(f.waiting, 0, n)
}
