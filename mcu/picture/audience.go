package picture

import (
	"time"

	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/scene"
	"tilemix/mcu/viewer"
)

// maxReplayed (240) bounds the access units that newcomers are sent in one tick, some six
// packets each.
const maxReplayed = 240

// audience is those who receive a picture. It belongs to the picture clock.
type audience struct {
	env     Env
	fan     *send.Fan
	waiting int // viewers that wait for a rendition

	state map[string]*watcher // by participant
	list  []*watcher          // of the scene, in its order
}

// watcher is what the clock keeps of a viewer, while its participant is in the room.
type watcher struct {
	viewer.Subscription
	in *scene.Scene // the newest that it is a viewer in
}

func newAudience(env Env) *audience {
	fan := send.NewFan(func(took time.Duration) { env.Metrics.send.Observe(took.Seconds()) })
	return &audience{env: env, fan: fan, state: make(map[string]*watcher)}
}

// follow takes the viewers of a scene.
func (a *audience) follow(s *scene.Scene, all []*view) {
	a.list = a.list[:0]
	a.fan.Spread(len(s.Viewers))
	for i := range s.Viewers {
		from := &s.Viewers[i]
		v := a.state[from.ID]
		comes := v == nil
		if comes {
			v = &watcher{}
			a.state[from.ID] = v
		}
		rungs := all[from.View].rungs
		v.Attach(from.Stream, from.Path, rungs)
		v.Climb(rungs)
		v.Hold(from.Rung)
		if comes {
			v.Begin(from.Signals.Rung())
		}
		v.in = s
		from.Stream.Assign(a.fan.Writer(i))
		a.list = append(a.list, v)
	}
	for _, v := range a.state {
		if v.in != s {
			v.Detach()
		}
	}
}

// forget drops what is kept of a participant that left.
func (a *audience) forget(participant string) { delete(a.state, participant) }

// choose finds out which rendition each viewer is to have. It tells whether any of them
// begins.
func (a *audience) choose(s *scene.Scene, all []*view, overload viewer.Overload, now time.Time) (begins bool) {
	a.waiting = 0
	in := viewer.Input{Sound: a.env.Sound + soundHeaders, Overload: overload}
	for i, v := range a.list {
		from := &s.Viewers[i]
		of := all[from.View]
		in.Rungs, in.KeyWanted = of.rungs, from.Signals.TakeKeyFrameRequest()
		d := v.Choose(in, now)
		a.count(d)
		var r *rendition.Rendition
		if codec := from.Stream.Codec(); codec != 0 {
			r = of.rendition(rendition.Key{Codec: codec, Rung: d.Rung})
		}
		v.Target(r)
		a.report(from, v, of, r)
		v.CountTakers()
		begins = begins || v.Begins()
		if v.Waits(now) {
			a.waiting++
		}
	}
	return begins
}

// count counts what was decided.
func (a *audience) count(d viewer.Verdict) {
	switch {
	case d.Up:
		a.env.Metrics.movesUp.Inc()
	case d.Down:
		a.env.Metrics.movesDown.Inc()
	}
	if d.Ignored {
		a.env.Metrics.keysIgnored.Inc()
	}
}

// report reports what a viewer has, as soon as it has that.
func (a *audience) report(from *scene.Viewer, v *watcher, of *view, want *rendition.Rendition) {
	rung, news := v.News(want, len(of.rungs)-1)
	if !news {
		return
	}
	from.Signals.SetRung(rung)
	v.Reported(rung, a.env.Reporter.RungChanged(from.ID, of.rungs[rung]))
}

// replay serves those who wait for a rendition, a few in one tick.
func (a *audience) replay(now time.Time) {
	replayed := 0
	for _, v := range a.list {
		if replayed += v.Replay(now, time.Now()); replayed > maxReplayed {
			break
		}
	}
	a.fan.Flush(time.Time{}, time.Now())
}

// relayed is the tick of a relay: renditions that nobody takes end, and requests for key frames go to the home.
func (a *audience) relayed(v *view, now time.Time) {
	v.sweep(now, linger)
	a.replay(now)
	for _, r := range v.all {
		r.Ask(now)
	}
}

// deliver sends a picture to all viewers that take its rendition. If began is set, the
// time from then until all of it has left is counted.
func (a *audience) deliver(r *rendition.Rendition, p packet.Packets, began time.Time) {
	for _, v := range a.list {
		v.Deliver(r, p, time.Now())
	}
	a.fan.Flush(began, time.Now())
}
