package ladder

import "time"

const (
	// calm is how long a path has to be good before a higher rung is tried.
	calm = 2 * time.Second
	// proof is how long a viewer has to stay on a rung for the move up to count as right.
	proof = 10 * time.Second
	// maxCalm bounds how long a path has to be good after several failed moves up.
	maxCalm = 6 * time.Second
	// drain is how long the queue takes to empty after a move down, and the estimate to
	// reflect what is sent since.
	drain = 1500 * time.Millisecond
	// whole is how long a viewer's pictures have to be undamaged before the viewer moves up
	// again, when its key frames would have cost other viewers; up to maxWhole after moves up
	// that failed.
	whole, maxWhole = 6 * time.Second, time.Minute
	// hope is how long a path has to carry too little before the viewer loses the last picture.
	hope = 4 * time.Second
	// interval is the time between two decisions.
	interval = 100 * time.Millisecond
)

// PathState is what is known of the network path to a viewer.
type PathState struct {
	Estimate int    // what the path carries, in bits a second; 0: unknown
	Sound    int    // the part of it that sound takes, in bits a second
	Sent     uint64 // bytes of picture that were sent so far
	// ServerLimited says that the server is overloaded, not the path. The viewer is not moved down.
	ServerLimited bool
}

// Choice is which rung one viewer has. It belongs to one goroutine.
//
// An estimate does not rise much above the bitrate that is sent, and is low where little is sent.
// So a viewer leaves a rung when the path carries less than the rung needs and less than what is
// sent. It moves up after the path has carried the higher bitrate, if necessary as a probe.
type Choice struct {
	rungs []Rung
	rung  int
	sent  meter

	decided time.Time
	quiet   time.Time     // since when nothing was tried or went wrong
	wait    time.Duration // for so long it has to
	broke   time.Time     // when a key frame for this viewer would last have cost others too much
	whole   time.Duration // for so long nothing more is tried then
	fell    time.Time     // when the viewer last moved down
	bad     time.Time     // since when the path is congested; zero: it is not
	rose    time.Time     // when the viewer came to this rung from below; zero: it did not
}

// NewChoice returns the choice of a viewer that begins on the first of rungs, which
// are as Of returns them.
func NewChoice(rungs []Rung) Choice { return Choice{rungs: rungs, wait: calm, whole: whole} }

// Again returns the choice of the same viewer over another path: the viewer begins on the rung
// that it had, but with a picture.
func (c *Choice) Again() Choice {
	again := NewChoice(c.rungs)
	again.rung = min(c.rung, len(c.rungs)-2)
	again.broke, again.whole = c.broke, c.whole
	return again
}

// Begin has a viewer that nothing was decided for yet begin on a rung, with a picture. It is for a
// viewer that another room has served over the same path.
func (c *Choice) Begin(rung int) { c.rung = max(0, min(rung, len(c.rungs)-2)) }

// Climb goes on with another ladder, that of another view: on the same rung, where it has that, and
// with a picture if there was one.
func (c *Choice) Climb(rungs []Rung) {
	foot := c.rung == len(c.rungs)-1
	c.rungs = rungs
	if c.rung = min(c.rung, len(rungs)-2); foot {
		c.rung = len(rungs) - 1
	}
}

// Rungs returns the ladder. It is not to be changed.
func (c *Choice) Rungs() []Rung { return c.rungs }

// Rung is the index of the rung that was decided on last.
func (c *Choice) Rung() int { return c.rung }

// Decide returns the index of the rung that the viewer is to have, and the bitrate that the path
// is to be probed for, in bits a second, 0 for no probe. It decides ten times a second at most, and
// requests a probe each time until the path has carried that bitrate.
func (c *Choice) Decide(path PathState, now time.Time) (rung, probe int) {
	if now.Sub(c.decided) < interval {
		return c.rung, 0
	}
	c.decided = now
	if c.quiet.IsZero() {
		c.quiet = now
	}
	sent := c.sent.rate(path.Sent, now)
	switch congested := c.congested(path, sent); {
	case congested && path.ServerLimited:
		c.quiet, c.bad = now, time.Time{}
		return c.rung, 0
	case congested:
		c.fall(path, now)
		return c.rung, 0
	}
	c.bad = time.Time{}
	if !c.rose.IsZero() && now.Sub(c.rose) > proof {
		c.rose, c.wait, c.whole = time.Time{}, calm, whole
	}
	if c.rung == 0 || now.Sub(c.quiet) < c.wait || now.Sub(c.broke) < c.whole {
		return c.rung, 0
	}
	return c.climb(path, now)
}

// Spare says that the viewer's pictures are damaged and that a key frame would cost other viewers
// too much. The viewer moves down by a rung that has a picture, if there is one: there it loses
// less, and is usually the only viewer, so its key frames cost no other viewer.
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

// congested reports whether the path carries neither what the rung needs nor what is
// sent of it.
func (c *Choice) congested(path PathState, sent int) bool {
	return path.Estimate > 0 && path.Estimate < c.least(c.rung, path.Sound) && path.Estimate < sent
}

// least is what a path has to carry for a viewer to stay on a rung. The last rung with a picture
// may be late, because no picture is worse than a late one.
func (c *Choice) least(rung, sound int) int {
	needs := c.rungs[rung].needs(sound)
	if rung == len(c.rungs)-2 {
		return needs * 3 / 4
	}
	return needs
}

// fall moves down to what the path carries: at once, but not again before the estimate shows the
// effect, and to sound only after some time.
func (c *Choice) fall(path PathState, now time.Time) {
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
	for c.rung < last && path.Estimate < c.least(c.rung, path.Sound) {
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

// land begins on a lower rung.
func (c *Choice) land(now time.Time) {
	c.rose, c.fell, c.bad = time.Time{}, now, time.Time{}
	c.sent = meter{}
}

// climb moves up by one rung if the path carries it, or requests a probe.
func (c *Choice) climb(path PathState, now time.Time) (rung, probe int) {
	needs := c.rungs[c.rung-1].needs(path.Sound)
	needs += needs / 20
	if path.Estimate > 0 && path.Estimate < needs {
		return c.rung, needs
	}
	c.rung--
	c.rose, c.quiet = now, now
	return c.rung, 0
}
