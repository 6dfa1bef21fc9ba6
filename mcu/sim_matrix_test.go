package mcu_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ladder"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/send"
	watching "tilemix/mcu/viewer"
)

// simCamera sends 500 kbit/s whatever the path carries, as the clients of TestMatrix do.
func simCamera(h *hop) {
	const rate, bitrate = 30, 500_000
	f, key, pool := &simFilm{random: rand.New(rand.NewPCG(1, 1))}, true, packet.UnitPool{}
	split := &payload.H264Splitter{}
	h.keyWanted = func() { key = true }
	n := uint32(0)
	h.w.every(time.Second/rate, func() {
		n++
		p := packet.Packets{Timestamp: n * 90_000 / rate, At: h.w.now, Key: key || h.down.Waits()}
		p.Buffer = pool.Put(split.Split(f.unit(p.Key, bitrate/8/rate)))
		p.Payloads = p.Buffer.Payloads()
		h.down.Write(p, h.w.now)
		p.Buffer.Release()
		key = false
	})
}

// simEncoder is a producer of a rendition, whose access units the test takes at once.
type simEncoder struct {
	simFilm
	key   bool
	split payload.H264Splitter
	pool  packet.UnitPool
	last  *packet.PayloadBuffer // the last
}

func (e *simEncoder) Offer(_ *yuv.Frame, _ time.Time, key bool) { e.key = key }
func (*simEncoder) Close()                                      {}

// calmFilm is a film of a scene that changes little.
func calmFilm() *simFilm { return &simFilm{random: rand.New(rand.NewPCG(1, 2))} }

// simViewer is a viewer of a mix: the ladder, its renditions and the real decisions.
// It returns the rung that the viewer has.
func simViewer(h *hop, film *simFilm) (rung func() int) {
	rungs := ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
	encoders := make([]*simEncoder, len(rungs)-1)
	renditions := make([]*rendition.Rendition, len(rungs)-1)
	for i := range renditions {
		encoders[i] = &simEncoder{}
		renditions[i] = rendition.New(rendition.Config{
			Key: rendition.Key{Codec: codec.H264, Rung: i}, Rung: rungs[i], Epoch: h.w.now,
		}, encoders[i])
		renditions[i].Take(rendition.Output{Of: renditions[i], Ready: true})
		encoders[i].number = uint32(i) << 24 // no picture of one follows one of another
		encoders[i].random, encoders[i].rough = film.random, film.rough
	}
	var v watching.Subscription
	v.Attach(h.down, h.down, rungs)
	wanted := false
	h.keyWanted = func() { wanted = true }
	tick, on := 0, 0
	h.w.every(time.Second/30, func() {
		now := h.w.now
		for _, r := range renditions {
			r.Recount()
		}
		verdict := v.Choose(watching.Input{KeyWanted: wanted, Sound: 48_000, Rungs: rungs}, now)
		wanted, on = false, verdict.Rung
		var to *rendition.Rendition
		if verdict.Rung < len(renditions) {
			to = renditions[verdict.Rung]
		}
		v.Target(to)
		v.CountTakers()
		v.Replay(now, now)
		for i, r := range renditions {
			if r.Touch(); r.Due(now, tick) {
				r.Offer(nil, now)
				key := encoders[i].key
				au := encoders[i].unit(key, rungs[i].Bitrate/8/rungs[i].FrameRate)
				e := encoders[i]
				if e.last != nil {
					e.last.Release()
				}
				e.last = e.pool.Put(e.split.Split(au))
				out := rendition.Output{Of: r, AccessUnit: codec.AccessUnit{Data: au, Key: key}, Unit: e.last, At: now}
				if p, ok := r.Take(out); ok {
					v.Deliver(r, p, now)
				}
			}
		}
		tick++
	})
	return func() int { return on }
}

// simVoice sends 20 ms of sound after another.
func simVoice(h *hop) {
	n := uint32(0)
	h.w.every(20*ms, func() {
		n++
		h.down.Write(packet.Packets{Payloads: [][]byte{silentOpus()}, Timestamp: n * 960, At: h.w.now, Key: true}, h.w.now)
	})
}

// simOutcome is how a condition came out.
type simOutcome struct {
	up, down       simSight
	upGap, downGap time.Duration
	rtx, probes    uint64
	estimate       int
	dropped        uint64
}

type simSight struct {
	shown  float64 // of 30 pictures a second
	freeze time.Duration
}

func (s *screen) sight(now time.Time) simSight {
	s.look(now)
	return simSight{float64(s.shown) / (now.Sub(s.began).Seconds() * 30), s.pause}
}

// simulate measures a condition for some simulated seconds.
func simulate(l network.Line, outage time.Duration, length time.Duration) simOutcome {
	w := newWorld()
	up, down := newHop(w, l.Up, l.Down, 11, true, false), newHop(w, l.Down, l.Up, 12, true, true)
	said, heard := newHop(w, l.Up, l.Down, 13, false, false), newHop(w, l.Down, l.Up, 14, false, false)
	seen, mix := watch(up), watch(down)
	voice, sound := hark(said), hark(heard)
	simCamera(up)
	simViewer(down, calmFilm())
	simVoice(said)
	simVoice(heard)
	w.run(5 * time.Second) // estimates and jitter buffers settle
	if outage > 0 {
		all := []*way{up.there, up.back, down.there, down.back, said.there, said.back, heard.there, heard.back}
		for _, p := range all {
			p.lane.Cut = true
		}
		w.run(outage)
		for _, p := range all {
			p.lane.Cut = false
		}
	}
	seen.begin(w.now)
	mix.begin(w.now)
	voice.pause, sound.pause = 0, 0
	w.run(length)
	return simOutcome{
		up: seen.sight(w.now), down: mix.sight(w.now), upGap: voice.pause, downGap: sound.pause,
		rtx:    up.counters.Retransmitted.Load() + down.counters.Retransmitted.Load(),
		probes: down.counters.Probes.Load(), estimate: down.down.Estimate(), dropped: down.counters.Dropped.Load(),
	}
}

// check compares a way of a condition with its bar.
func (s simSight) check(b bar, gap time.Duration) error {
	switch {
	case s.shown < b.shown:
		return fmt.Errorf("%.0f %% of the pictures are shown, not %.0f", 100*s.shown, 100*b.shown)
	case b.freeze > 0 && s.freeze > b.freeze:
		return fmt.Errorf("the picture stands still for %v, not %v", s.freeze, b.freeze)
	case b.gap > 0 && gap > b.gap:
		return fmt.Errorf("a gap of the sound of %v, not %v", gap, b.gap)
	case b.again > 0 && s.freeze > b.again:
		return fmt.Errorf("the picture is back after %v, not %v", s.freeze, b.again)
	}
	return nil
}

// TestSimulatedMatrix puts the parts that decide about packets (downlink, pacer,
// retransmission, path estimate, NACK, reassembly, playout, jitter buffer, ladder) at the
// ends of simulated paths, in simulated time. It has the same result each time.
func TestSimulatedMatrix(t *testing.T) {
	poll.Alone(t)
	t.Parallel()
	for _, c := range conditions() {
		t.Run(c.name, func(t *testing.T) {
			got := simulate(c.line, c.outage, 20*time.Second)
			t.Logf("%+v", got)
			if again := simulate(c.line, c.outage, 20*time.Second); again != got {
				t.Errorf("and again: %+v", again)
			}
			if err := got.up.check(c.up, got.upGap); err != nil {
				t.Errorf("up: %v", err)
			}
			if err := got.down.check(c.down, got.downGap); err != nil {
				t.Errorf("down: %v", err)
			}
		})
	}
}

// TestSimulatedNarrowPath gives a viewer of 1.5 Mbit/s a path of 300 kbit/s: the picture
// fits in five seconds and then does not stand still for a second, the estimate is right,
// and once the path is wide again the full picture is back in 15 s.
func TestSimulatedNarrowPath(t *testing.T) {
	poll.Alone(t)
	t.Parallel()
	w := newWorld()
	narrow := network.Impairment{Rate: 300_000, Queue: 300 * ms, Delay: 30 * ms}
	h := newHop(w, narrow, network.Impairment{Delay: 30 * ms}, 5, true, true)
	screen := watch(h)
	rung := simViewer(h, calmFilm())
	w.run(5 * time.Second)
	if e := h.down.Estimate(); e < 150_000 || e > 350_000 || rung() == 0 {
		t.Errorf("after 5 s 300 kbit/s are estimated as %d, and rung %d is sent", e, rung())
	}
	screen.begin(w.now)
	high, all := 0, 0
	for range 200 {
		w.run(50 * ms)
		if all++; h.down.Estimate() > 400_000 {
			high++
		}
	}
	if got := screen.sight(w.now); got.freeze > time.Second {
		t.Errorf("on the narrow path: %+v", got)
	}
	if high > all/10 {
		t.Errorf("probes made 300 kbit/s too many %d times of %d", high, all)
	}
	h.there.lane.Rate = 0
	began := w.now
	for rung() > 0 && w.now.Sub(began) < 30*time.Second {
		w.run(50 * ms)
	}
	took := w.now.Sub(began)
	t.Logf("the full picture is back after %v; %d probe packets, %d retransmitted", took, h.counters.Probes.Load(), h.counters.Retransmitted.Load())
	if took > 15*time.Second {
		t.Errorf("the full picture is back after %v", took)
	}
}

// TestSimulatedRoughScene gives forty viewers on paths of 300 kbit/s a scene whose key frames fill
// most of a path's queue: a lost one is not followed by others that are lost.
func TestSimulatedRoughScene(t *testing.T) {
	poll.Alone(t)
	t.Parallel()
	var stood []time.Duration
	for seed := range uint64(40) {
		w := newWorld()
		h := newHop(w, network.Impairment{Rate: 300_000, Queue: 300 * ms, Delay: 20 * ms}, network.Impairment{}, seed, true, true)
		screen := watch(h)
		simViewer(h, &simFilm{random: rand.New(rand.NewPCG(1, seed)), rough: true})
		w.every(20*ms, func() { h.there.lane.Pass(w.now, 120) }) // sound
		w.run(6 * time.Second)
		screen.begin(w.now)
		w.run(10 * time.Second)
		stood = append(stood, screen.sight(w.now).freeze)
	}
	usual, long := percentile(stood, 50), percentile(stood, 95)
	t.Logf("freezes of %v, p95 %v", usual, long)
	if long > time.Second {
		t.Errorf("one path in twenty stands still for %v", long)
	}
}

var _ send.RTPWriter = (*hop)(nil)
