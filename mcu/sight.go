package mcu

import (
	"time"

	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/send"
)

// line is what the picture clock knows of the way to a viewer, and how it finds out
// more.
type line interface {
	// Estimate is what the line carries, in bits a second, 0 when nobody knows.
	Estimate() int
	// Probe sends more than there is to send, so that the estimate can grow to a rate
	// in bits a second.
	Probe(bps int, now time.Time)
}

// sight is what the picture clock keeps of a participant: of his camera, and of what
// he sees.
type sight struct {
	version uint64 // of his camera's picture

	over    line           // stands in for the way to him, in tests
	picture *send.Downlink // that he receives by
	line    line           // what it is, or over
	choice  ladder.Choice
	on      *rendition // that he is sent; nil: none
	next    *rendition // that he waits for; nil: none
	last    time.Time  // of the last picture that he was sent
	rung    int        // that he has
	told    bool       // of it
	repairs
}

// watch begins anew with a downlink, as who comes back over a new connection does: on
// the rung that he had, if that has a picture.
func (w *sight) watch(d *send.Downlink, rungs []ladder.Rung) {
	if w.picture == d {
		return
	}
	choice, spared := ladder.NewChoice(rungs), w.allowance
	if w.picture != nil {
		choice = w.choice.Again()
	}
	*w = sight{version: w.version, over: w.over, picture: d, line: d, choice: choice}
	w.allowance = spared
	if w.over != nil {
		w.line = w.over
	}
}

// aim makes the viewer wait for a rendition, nil for none. One that is larger than
// what he has he waits for where he is; one that is smaller takes the weight off his
// line at once.
func (w *sight) aim(r *rendition) {
	if r == w.on {
		w.next = nil
		return
	}
	w.next = r
	if r == nil || w.on != nil && (r.rung > w.on.rung || r.codec != w.on.codec) {
		w.on = nil
	}
}

// write sends one picture of a rendition to a viewer who has it, or for whom he waits
// and can begin with.
func (w *sight) write(d *send.Downlink, r *rendition, p packet.Packets) {
	if r == w.next && p.Key {
		w.begin(r)
	}
	if r != w.on {
		return
	}
	if p.Key {
		w.asked = nil
	}
	if !p.At.After(w.last) {
		// He had another rendition of this instant, or a later one: his timestamps
		// are to rise.
		at := w.last.Add(50 * time.Microsecond)
		p.Timestamp += uint32(at.Sub(p.At).Microseconds() * 9 / 100)
		p.At = at
	}
	w.last = p.At
	d.Write(p, time.Now())
}

// steer finds out which rendition each viewer is to have.
func (c *pictureClock) steer(now time.Time) {
	for _, r := range c.view.all {
		r.takers, r.shared = 0, r.takers > 1
	}
	c.waiting = 0
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		w := &s.p.sight
		if s.picture == nil {
			w.on, w.next = nil, nil
			continue
		}
		c.steerOne(s, now)
		if w.on != nil {
			w.on.takers++
		}
		if w.next != nil {
			w.next.takers++
			if w.last.IsZero() {
				c.changed = now // what he begins with is coarse
			}
		}
		if w.waits(now) {
			c.waiting++
		}
	}
}

func (c *pictureClock) steerOne(s *seat, now time.Time) {
	w, d := &s.p.sight, s.picture
	w.watch(d, c.view.rungs)
	if w.on != nil && d.Waits() { // its stream begins again
		w.on, w.broke = nil, w.on
	}
	was := w.choice.Rung()
	if s.p.keyWanted.Swap(false) && w.on != nil && !w.repair(now) {
		c.room.server.stats.keysIgnored.Inc()
		w.choice.Spare(now)
	}
	sent := d.Stats()
	estimate := w.line.Estimate()
	rung, probe := w.choice.Decide(ladder.Line{
		Estimate: estimate, Sound: c.soundRate, Sent: sent.Bytes,
		Excused: w.steady(sent.Dropped, now) && c.strain.excuses(estimate, c.view.rungs[was]),
	}, now)
	if probe > 0 {
		w.line.Probe(probe, now)
	}
	switch {
	case rung < was:
		c.room.server.stats.movesUp.Inc()
	case rung > was:
		c.room.server.stats.movesDown.Inc()
	}
	var r *rendition
	if codec := d.Codec(); codec != 0 {
		r = c.view.find(kind{codec, rung})
	}
	w.aim(r)
	c.tell(s.p, r)
}

// tell tells a viewer what he has, as soon as he has it.
func (c *pictureClock) tell(p *Participant, want *rendition) {
	w := &p.sight
	rung := len(c.view.rungs) - 1
	if want != nil {
		if w.on != want {
			return
		}
		rung = want.rung
	}
	if w.told && rung == w.rung {
		return
	}
	p.shown.Store(int32(rung))
	w.rung, w.told = rung, c.room.rungChanged(p, c.view.rungs[rung])
}
