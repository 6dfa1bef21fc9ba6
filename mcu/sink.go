package mcu

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Sink takes a room's mix as it is encoded anyway, for a recorder or a broadcast:
// the picture in full size in H.264, and the Opus of what everybody says. Video is
// called by the picture clock and Audio by the sound clock, so neither may block, and
// they may be called at once. What they are given is valid during the call only.
type Sink interface {
	// Video takes an access unit (Annex B). The first is an IDR. at counts from the
	// room's epoch, as it does for sound.
	Video(au []byte, key bool, at time.Duration)
	// Audio takes a packet of 20 ms, mono at 48 kHz (RFC 7587).
	Audio(packet []byte, at time.Duration)
	// Ended is called once, after all else, when the room has ended or the sink was
	// detached.
	Ended()
}

// SinkOptions say how a sink is served.
type SinkOptions struct {
	// KeyInterval is how old the last IDR may become until there is another, at
	// least a second; 0: as old as viewers let it.
	KeyInterval time.Duration
	// PictureInterval is how old the last picture may become until there is another,
	// even if nothing changed; 0: a second. It is rounded up to the clock's ticks.
	PictureInterval time.Duration
	// Of is the room that is meant, as Watch returned it, and no later one of that
	// name; nil: whichever has the name.
	Of <-chan struct{}
}

// attachment is a sink in a room.
type attachment struct {
	sink Sink
	SinkOptions
	begun bool         // it has had an IDR; owned by the picture clock
	left  atomic.Int32 // clocks that have let go of it
}

// Attach gives a room's mix to a sink until the room ends or detach is called. As
// long the room is drawn and mixed even if nobody watches or listens. detach
// returns at once; it may be called twice.
func (s *Server) Attach(room string, sink Sink, o SinkOptions) (detach func(), err error) {
	r := s.room(room)
	a := &attachment{sink: sink, SinkOptions: o}
	if r == nil || o.Of != nil && o.Of != r.ended || !r.call(func() { r.attach(a) }) {
		return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	return func() { r.post(func() { r.detach(a) }) }, nil
}

// Watch returns a channel that is closed when the room has ended which has the name
// now.
func (s *Server) Watch(room string) (ended <-chan struct{}, err error) {
	if r := s.room(room); r != nil {
		return r.ended, nil
	}
	return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
}

func (r *Room) attach(a *attachment) {
	r.sinks = append(r.sinks, a)
	r.publish()
	r.wake()
}

func (r *Room) detach(a *attachment) {
	i := slices.Index(r.sinks, a)
	if i < 0 {
		return
	}
	r.sinks = slices.Delete(slices.Clone(r.sinks), i, i+1) // scenes have the old one
	r.leaving = append(r.leaving, departed{sink: a})
	r.publish()
}

// release is called by each clock when it has let go.
func (a *attachment) release() {
	const clocks = 2
	if a.left.Add(1) == clocks {
		a.sink.Ended()
	}
}

// feed gives an access unit to the sinks.
func (c *pictureClock) feed(res result) {
	if len(c.scene.sinks) == 0 || res.r.kind != lead || len(res.packets.Payloads) == 0 {
		return
	}
	au := res.r.enc.Last()
	for _, a := range c.scene.sinks {
		if a.begun = a.begun || au.Key; a.begun {
			a.sink.Video(au.Data, au.Key, res.at.Sub(c.room.epoch))
		}
	}
}

// keepSinks makes the lead rendition stay, and has it make the IDRs that sinks need.
func (c *pictureClock) keepSinks(now time.Time) {
	if r := c.view.lead(); r != nil {
		r.pulse = keepAlive
	}
	if len(c.scene.sinks) == 0 {
		return
	}
	r := c.view.find(lead)
	r.takers++
	for _, a := range c.scene.sinks {
		if a.PictureInterval > 0 {
			r.pulse = min(r.pulse, a.PictureInterval)
		}
	}
	if r.enc == nil {
		return
	}
	for _, a := range c.scene.sinks {
		if !a.begun || a.KeyInterval > 0 && r.enc.KeyAge(now) >= a.KeyInterval {
			r.enc.RequestKeyFrame()
		}
	}
}

// feed gives a packet of what all say to the sinks.
func (c *soundClock) feed(packet []byte) {
	if len(packet) == 0 {
		return
	}
	for _, a := range c.scene.sinks {
		a.sink.Audio(packet, c.instant().Sub(c.room.epoch))
	}
}
