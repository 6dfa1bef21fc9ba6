package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"tilemix/mcu/mcutest"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/quality"
)

// rig is a room in which one has a bad line: Ada, who sends and receives. Ben sends
// and receives over a good one, Cid only receives.
type rig struct {
	ada, ben, cid *guest

	// What Cid sees and hears of Ada, what Ada does of Ben, and what Cid does of Ben.
	up, down, other view
}

// view is what somebody sees and hears of somebody else.
type view struct {
	*quality.Sight
	*quality.Hearing
}

// Warbles that are told apart in one mix.
var (
	adasVoice = quality.Warble{Low: 600, High: 1000}
	bensVoice = quality.Warble{Low: 1600, High: 2200}
)

// buffered is both, as browsers receive.
var buffered = rtctest.Options{Buffered: true}

// newRig fills a room and waits until all see each other. Ada is as far away as the line
// says, and nothing else is wrong with it yet.
func newRig(s *stage, room string, line network.Line) *rig {
	s.t.Helper()
	far := buffered
	far.Line.Up.Delay, far.Line.Down.Delay = line.Up.Delay, line.Down.Delay
	r := &rig{ada: s.join(room, "Ada", far), ben: s.join(room, "Ben", both), cid: s.join(room, "Cid", viewer)}
	camera := rtctest.Camera{Numbered: true, Draw: mcutest.Texture}
	r.ada.Film(camera)
	r.ben.Film(camera)
	r.ada.Speak(adasVoice.Wave())
	r.ben.Speak(bensVoice.Wave())
	tiles := s.place(r.ada, r.ben)
	canvas := image.Pt(s.cfg.Width, s.cfg.Height)
	look := func(watcher, actor *guest, voice quality.Warble) view {
		return view{
			quality.Follow(watcher.Client, actor.Client, camera, tiles[actor], canvas),
			quality.Listen(watcher.Client, actor.Client, voice),
		}
	}
	r.up, r.down, r.other = look(r.cid, r.ada, adasVoice), look(r.ada, r.ben, bensVoice), look(r.cid, r.ben, bensVoice)
	start := time.Now()
	for _, v := range []view{r.up, r.down, r.other} {
		s.await(room+" to be seen and heard", func() bool {
			_, seen := v.Sight.Resumed(start)
			return seen && v.Heard()
		})
	}
	return r
}

// measure is what a view was like in a span of time.
type measure struct {
	quality.Seen
	gap   time.Duration // of the sound
	again time.Duration // until both came, after the line's outage; 0: there was none
}

// between measures a span. back is when the line was whole again, if it was cut.
func (v view) between(from, to, back time.Time) measure {
	m := measure{Seen: v.Between(from, to), gap: v.Gap(from, to)}
	if !back.IsZero() {
		m.again = never
		seen, ok := v.Sight.Resumed(back)
		if heard, too := v.Hearing.Resumed(back); ok && too {
			m.again = max(seen, heard)
		}
	}
	return m
}

// never is how long nothing has taken.
const never = time.Hour

func (m measure) String() string {
	s := fmt.Sprintf("%3.0f %% shown, freeze %4d ms, late %4d ms, gap %4d ms",
		m.Shown*100, m.Freeze.Milliseconds(), m.Late.Milliseconds(), m.gap.Milliseconds())
	if m.again != 0 {
		s += fmt.Sprintf(", again after %4d ms", m.again.Milliseconds())
	}
	return s
}

// bar is what a measure is held to. What is zero is not.
type bar struct {
	shown              float64 // share of pictures
	freeze, gap, again time.Duration
}

// check says where m misses the bar. What is wrong without a bad line is the
// machine's, so bars are for what comes on top.
func (b bar) check(m, without measure) error {
	var errs error
	miss := func(ok bool, format string, args ...any) {
		if !ok {
			errs = errors.Join(errs, fmt.Errorf(format, args...))
		}
	}
	least := b.shown * without.Shown
	freeze, gap := b.freeze+without.Freeze-usualFreeze, b.gap+without.gap
	miss(m.Shown >= least, "%.0f %% of the pictures are shown, not %.0f", m.Shown*100, least*100)
	miss(b.freeze == 0 || m.Freeze <= freeze, "it freezes for %v, not %v", m.Freeze, freeze)
	miss(b.gap == 0 || m.gap <= gap, "the sound pauses for %v, not %v", m.gap, gap)
	miss(b.again == 0 || m.again <= b.again, "it comes back after %v, not %v", m.again, b.again)
	return errs
}

// usualFreeze is the time between two pictures.
const usualFreeze = time.Second / 15

// percentile of how large durations are, whatever their sign.
func percentile(all []time.Duration, n int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sizes := make([]time.Duration, len(all))
	for i, d := range all {
		sizes[i] = d.Abs()
	}
	slices.Sort(sizes)
	return sizes[(len(sizes)-1)*n/100]
}

// outcome is how a room was.
type outcome struct {
	up, down, other measure
	skews           []time.Duration // of Ada's pictures, after Ada's sound
}

func (r *rig) outcome(from, to, back time.Time) outcome {
	o := outcome{
		up: r.up.between(from, to, back), down: r.down.between(from, to, back),
		other: r.other.between(from, to, time.Time{}),
	}
	// Sound and picture come back one after the other, as each has what it needs. They belong
	// together again when both are there.
	together := from
	if !back.IsZero() {
		together = back.Add(o.up.again + recovery)
	}
	o.skews = r.up.Skews(r.up.Sight, together, to)
	return o
}

// recovery (1 s) is the time after an outage in which a jitter buffer and lip sync find back.
const recovery = time.Second

func (o outcome) String() string {
	return fmt.Sprintf("skew %d ms\n   up %v\n down %v\nother %v",
		percentile(o.skews, 95).Milliseconds(), o.up, o.down, o.other)
}
