package mcu

import (
	"time"

	"tilemix/mcu/fanout"
	"tilemix/mcu/ladder"
	"tilemix/mcu/rtc"
)

// line is what the picture clock knows of the way to a viewer, and how it finds out
// more.
type line interface {
	// Estimate is what the line carries, in bits a second, 0 when nobody knows.
	Estimate() int
	// Probe sends more than there is to send, so that the estimate can grow to a rate
	// in bits a second.
	Probe(bps int)
}

// sight is what the picture clock keeps of a participant: of his camera, and of what
// he sees.
type sight struct {
	version uint64 // of his camera's picture

	over    line          // stands in for the way to him, in tests
	picture *rtc.Downlink // that he receives by
	line    line          // what it is, or over
	choice  ladder.Choice
	on      *rendition // that he is sent; nil: none
	next    *rendition // that he waits for; nil: none
	last    time.Time  // of the last picture that he was sent
	rung    int        // that he has
	told    bool       // of it
}

// watch begins anew with a downlink, as who comes back over a new connection does.
func (w *sight) watch(d *rtc.Downlink, rungs []ladder.Rung) {
	if w.picture == d {
		return
	}
	*w = sight{version: w.version, over: w.over, picture: d, line: d, choice: ladder.NewChoice(rungs)}
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
func (w *sight) write(d *rtc.Downlink, r *rendition, p rtc.Packets) {
	if r == w.next && p.Key {
		w.on, w.next = r, nil
	}
	if r != w.on {
		return
	}
	if !p.At.After(w.last) {
		// He had another rendition of this instant, or a later one: his timestamps
		// are to rise.
		at := w.last.Add(50 * time.Microsecond)
		p.Timestamp += uint32(at.Sub(p.At).Microseconds() * 9 / 100)
		p.At = at
	}
	w.last = p.At
	d.Write(p)
}

// replay serves a viewer who waits for a rendition from what was encoded of it, or
// asks for an IDR. Who had nothing yet begins with any recent one; who moves, or
// whose line could not keep up, is not sent more than half a second at once. It returns the number of
// pictures.
func (w *sight) replay(d *rtc.Downlink, now time.Time) int {
	r := w.next
	if r == nil || r.enc == nil || r.busy {
		return 0
	}
	recent := fanout.KeyInterval
	if !w.last.IsZero() {
		recent /= 2
	}
	if !r.enc.CanReplay(now, recent) {
		r.enc.RequestKeyFrame()
		return 0
	}
	n, until := r.enc.Replay(d, now, w.last)
	w.last = until.Add(-time.Microsecond)
	w.on, w.next = r, nil
	return n
}

// steer finds out which rendition each viewer is to have.
func (c *pictureClock) steer(now time.Time) {
	for _, r := range c.view.all {
		r.takers = 0
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
			c.waiting++
		}
	}
}

func (c *pictureClock) steerOne(s *seat, now time.Time) {
	w, d := &s.p.sight, s.picture
	w.watch(d, c.view.rungs)
	if d.Waits() { // its stream begins, again
		w.on = nil
	}
	if w.on != nil && s.p.keyWanted.Swap(false) {
		w.on.enc.RequestKeyFrame()
	}
	_, sent, _ := d.Sent()
	was := w.choice.Rung()
	rung, probe, estimate := was, 0, w.line.Estimate()
	if !c.strain.excuses(estimate, c.view.rungs[was]) {
		rung, probe = w.choice.Decide(ladder.Line{Estimate: estimate, Sound: c.soundRate, Sent: sent}, now)
	}
	if probe > 0 {
		w.line.Probe(probe)
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
