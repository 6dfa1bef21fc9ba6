package ladder

import "time"

const (
	// calm is how long a line has to be good before more is tried.
	calm = 2 * time.Second
	// proof is how long a viewer has to stay on a rung for his way up to have been
	// right.
	proof = 10 * time.Second
	// maxCalm bounds how long a line that disappointed again and again has to be good.
	maxCalm = 6 * time.Second
	// drain is how long what was too much takes to leave the line after a move down,
	// and an estimate to tell of what is sent since.
	drain = 1500 * time.Millisecond
	// whole is how long a viewer's pictures have to be whole before he is given more
	// again, when others would have had to pay for mending them; after ways up that
	// failed up to maxWhole.
	whole, maxWhole = 6 * time.Second, time.Minute
	// hope is how long a line has to carry too little for the last picture.
	hope = 4 * time.Second
	// interval is the time between two decisions.
	interval = 100 * time.Millisecond
)

// Line is what is known of the way to a viewer.
type Line struct {
	Estimate int    // what it carries, in bits a second; 0: nobody knows
	Sound    int    // the part of it that sound takes, in bits a second
	Sent     uint64 // bytes of picture that were sent so far
	// Excused says that what the line carries too little is not its fault.
	Excused bool
}

// Choice is which rung one viewer has. It belongs to one goroutine.
//
// An estimate does not rise much above what is sent, and may be low because that is
// little. So a viewer leaves a rung when his line carries less than the
// rung needs and less than what is sent, and is given a higher one after his line
// carried what that needs, with the help of a probe.
type Choice struct {
	rungs []Rung
	rung  int
	sent  meter

	decided time.Time
	quiet   time.Time     // since when nothing was tried or went wrong
	wait    time.Duration // for so long it has to
	broke   time.Time     // when others last would have had to pay for mending his pictures
	whole   time.Duration // for so long nothing more is tried then
	fell    time.Time     // when he last went down
	bad     time.Time     // since when the line is congested; zero: it is not
	rose    time.Time     // when he came to this rung from below; zero: he did not
}

// NewChoice returns the choice of a viewer who begins on the first of rungs, which
// are as Of returns them.
func NewChoice(rungs []Rung) Choice { return Choice{rungs: rungs, wait: calm, whole: whole} }

// Again returns the choice of the same viewer over another line: he begins where he
// was, with a picture.
func (c *Choice) Again() Choice {
	again := NewChoice(c.rungs)
	again.rung = min(c.rung, len(c.rungs)-2)
	again.broke, again.whole = c.broke, c.whole
	return again
}

// Rung is the index of the rung that was decided on last.
func (c *Choice) Rung() int { return c.rung }

// Decide returns the index of the rung that the viewer is to have, and what his line
// is to be probed for, in bits a second, 0 for nothing. It decides ten times a second
// at most, and asks for a probe each time until the line has shown that it carries so
// much.
func (c *Choice) Decide(line Line, now time.Time) (rung, probe int) {
	if now.Sub(c.decided) < interval {
		return c.rung, 0
	}
	c.decided = now
	if c.quiet.IsZero() {
		c.quiet = now
	}
	sent := c.sent.rate(line.Sent, now)
	switch congested := c.congested(line, sent); {
	case congested && line.Excused:
		c.quiet, c.bad = now, time.Time{}
		return c.rung, 0
	case congested:
		c.fall(line, now)
		return c.rung, 0
	}
	c.bad = time.Time{}
	if !c.rose.IsZero() && now.Sub(c.rose) > proof {
		c.rose, c.wait, c.whole = time.Time{}, calm, whole
	}
	if c.rung == 0 || now.Sub(c.quiet) < c.wait || now.Sub(c.broke) < c.whole {
		return c.rung, 0
	}
	return c.climb(line, now)
}

// Spare tells that the viewer's pictures broke, and that mending them would cost others
// too much. He goes down by a rung that has a picture, if there is one: with less to lose
// he loses less, and where he is alone he is the only one who pays.
func (c *Choice) Spare(now time.Time) {
	c.broke = now
	if now.Sub(c.fell) < drain || c.rung >= len(c.rungs)-2 {
		return
	}
	if !c.rose.IsZero() {
		c.whole = min(2*c.whole, maxWhole)
	}
	c.rung++
	c.land(now)
}

// congested tells whether the line carries neither what the rung needs nor what is
// sent of it.
func (c *Choice) congested(line Line, sent int) bool {
	return line.Estimate > 0 && line.Estimate < c.least(c.rung, line.Sound) && line.Estimate < sent
}

// least is what a line has to carry for a viewer to stay on a rung. To see
// nothing is worse than to see it late, so the last picture is left late.
func (c *Choice) least(rung, sound int) int {
	needs := c.rungs[rung].needs(sound)
	if rung == len(c.rungs)-2 {
		return needs * 3 / 4
	}
	return needs
}

// fall goes down to what the line carries: at once, but not again before that shows,
// and to nothing only after some time.
func (c *Choice) fall(line Line, now time.Time) {
	c.quiet = now
	if c.bad.IsZero() {
		c.bad = now
	}
	if now.Sub(c.fell) < drain {
		return
	}
	last := len(c.rungs) - 2 // that has a picture
	if now.Sub(c.bad) >= hope {
		last++
	}
	was := c.rung
	for c.rung < last && line.Estimate < c.least(c.rung, line.Sound) {
		c.rung++
	}
	if c.rung == was {
		return
	}
	if !c.rose.IsZero() {
		c.wait = min(2*c.wait, maxCalm)
	}
	c.land(now)
}

// land begins on a rung that is lower than the last.
func (c *Choice) land(now time.Time) {
	c.rose, c.fell, c.bad = time.Time{}, now, time.Time{}
	c.sent = meter{}
}

// climb goes up by one rung if the line carries it, or finds out.
func (c *Choice) climb(line Line, now time.Time) (rung, probe int) {
	needs := c.rungs[c.rung-1].needs(line.Sound)
	needs += needs / 20
	if line.Estimate > 0 && line.Estimate < needs {
		return c.rung, needs
	}
	c.rung--
	c.rose, c.quiet = now, now
	return c.rung, 0
}
