package picture

import (
	"slices"
	"time"

	"tilemix/codec"
	"tilemix/mcu/keyframe"
	"tilemix/mcu/media"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
)

// seam (1 ms) is how much later than the last picture of one view the first one of the next is at
// least, for a sink that changes its view.
const seam = time.Millisecond

// sinks is what the clock keeps of the sinks of its room: those that have had an IDR. The
// zero value is ready.
type sinks struct{ begun map[*media.Attachment][]feed }

// feed is one of the renditions that a sink has, in the order of SinkOptions.Rungs.
type feed struct {
	on   *rendition.Rendition // nil: it has had no IDR
	last time.Duration        // time of the last access unit
}

// takes returns the view that a sink of a scene takes.
func takes(s *scene.Scene, all []*view, sink int) *view {
	if s.SinkViews == nil {
		return all[0]
	}
	return all[s.SinkViews[sink]]
}

// taken returns how many renditions a sink takes.
func taken(a *media.Attachment) int { return max(1, len(a.Rungs)) }

// wish returns the key of the rendition that is the ith of a sink, in the ladder of a view.
func (v *view) wish(a *media.Attachment, i int) rendition.Key {
	k := lead()
	if len(a.Rungs) > 0 {
		k.Rung = max(0, min(a.Rungs[i], len(v.rungs)-2)) // the last rung has no picture
	}
	return k
}

// request makes the renditions stay that sinks take, and has them make the IDRs that sinks need.
func (k *sinks) request(s *scene.Scene, all []*view, now time.Time) {
	for _, v := range all {
		for _, r := range v.all {
			r.Pulse(rendition.KeepAlive)
		}
	}
	for i, a := range s.Sinks {
		if a.Still == nil {
			k.hold(a, takes(s, all, i), now)
		}
	}
}

// hold is request for one sink.
func (k *sinks) hold(a *media.Attachment, v *view, now time.Time) {
	has := k.begun[a]
	due, ready := false, true
	for i := range taken(a) {
		r := v.rendition(v.wish(a, i))
		if a.PictureInterval > 0 {
			r.Shorten(a.PictureInterval)
		}
		r.AddTaker()
		begins := has == nil || has[i].on != r
		if begins && has != nil && has[i].on != nil {
			has[i].on.AddTaker() // it goes on until the other one begins
		}
		due = due || begins || a.KeyInterval > 0 && r.KeyAge(now) >= a.KeyInterval || len(a.Rungs) > 1 && r.KeyDue(now)
		ready = ready && r.Ready() && (len(a.Rungs) < 2 || r.KeyAge(now) >= keyframe.Interval)
	}
	if !due || !ready {
		return
	}
	for i := range taken(a) {
		v.rendition(v.wish(a, i)).RequestKeyFrame()
	}
}

// seen tells whether anybody takes the pictures of a view, or a sink of a scene its canvases.
func (k *sinks) seen(s *scene.Scene, all []*view, v *view) bool {
	if v.used() {
		return true
	}
	for i, a := range s.Sinks {
		if a.Still != nil && takes(s, all, i) == v {
			return true
		}
	}
	return false
}

// expose gives the canvases of this tick to the sinks that take them.
func (k *sinks) expose(s *scene.Scene, all []*view) {
	for i, a := range s.Sinks {
		if v := takes(s, all, i); a.Still != nil && v.due() {
			a.Still(v.picture())
		}
	}
}

// feed gives an access unit to the sinks that take its rendition. A sink changes its view at an IDR,
// and its times rise.
func (k *sinks) feed(s *scene.Scene, all []*view, out rendition.Output, at time.Duration) {
	if len(s.Sinks) == 0 || out.Of.Key().Codec != codec.H264 {
		return
	}
	for i, a := range s.Sinks {
		if a.Still != nil {
			continue
		}
		v := takes(s, all, i)
		for n := range taken(a) {
			k.give(a, v, n, out, at)
		}
	}
}

// give gives an access unit to a sink, as its nth rendition, if it is that.
func (k *sinks) give(a *media.Attachment, v *view, n int, out rendition.Output, at time.Duration) {
	au := out.AccessUnit
	if au.Key && out.Of.Key() == v.wish(a, n) && slices.Contains(v.all, out.Of) {
		k.begin(a)[n].on = out.Of
	}
	has := k.begun[a]
	if has == nil || has[n].on != out.Of {
		return
	}
	f := &has[n]
	if f.last > 0 {
		at = max(at, f.last+seam)
	}
	f.last = at
	if len(a.Rungs) > 0 {
		a.Rung(n, au.Data, au.Key, at)
	} else {
		a.Video(au.Data, au.Key, at)
	}
}

// begin returns what a sink has, from its first IDR on.
func (k *sinks) begin(a *media.Attachment) []feed {
	if k.begun == nil {
		k.begun = make(map[*media.Attachment][]feed)
	}
	if k.begun[a] == nil {
		k.begun[a] = make([]feed, taken(a))
	}
	return k.begun[a]
}

// release lets go of a sink.
func (k *sinks) release(a *media.Attachment) {
	delete(k.begun, a)
	a.Release()
}
