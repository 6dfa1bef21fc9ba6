package picture

import (
	"time"

	"tilemix/mcu/media"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
)

// seam (1 ms) is how much later than the last picture of one view the first one of the next is at
// least, for a sink that changes its view.
const seam = time.Millisecond

// sinks is what the clock keeps of the sinks of its room: those that have had an IDR. The
// zero value is ready.
type sinks struct{ begun map[*media.Attachment]*feed }

// feed is what a sink has.
type feed struct {
	on   *rendition.Rendition // the lead rendition of a view
	last time.Duration        // time of the last access unit
}

// takes returns the view that a sink of a scene takes.
func takes(s *scene.Scene, all []*view, sink int) *view {
	if s.SinkViews == nil {
		return all[0]
	}
	return all[s.SinkViews[sink]]
}

// request makes the lead rendition of each view stay that sinks take, and has it make the IDRs that
// they need.
func (k *sinks) request(s *scene.Scene, all []*view, now time.Time) {
	for _, v := range all {
		if r := v.lead(); r != nil {
			r.Pulse(rendition.KeepAlive)
		}
	}
	for i, a := range s.Sinks {
		if a.Still != nil {
			continue
		}
		r := takes(s, all, i).rendition(lead())
		if a.PictureInterval > 0 {
			r.Shorten(a.PictureInterval)
		}
		r.AddTaker()
		f := k.begun[a]
		begins := f == nil || f.on != r
		if begins && f != nil {
			f.on.AddTaker() // it goes on until the other one begins
		}
		if r.Ready() && (begins || a.KeyInterval > 0 && r.KeyAge(now) >= a.KeyInterval) {
			r.RequestKeyFrame()
		}
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

// feed gives an access unit of the lead rendition of a view to the sinks that take it. A sink changes
// its view at an IDR, and its times rise.
func (k *sinks) feed(s *scene.Scene, all []*view, out rendition.Output, at time.Duration) {
	if len(s.Sinks) == 0 || out.Of.Key() != lead() {
		return
	}
	au := out.AccessUnit
	for i, a := range s.Sinks {
		f := k.begun[a]
		if a.Still == nil && au.Key && (f == nil || f.on != out.Of) && takes(s, all, i).lead() == out.Of {
			f = k.begin(a, out.Of)
		}
		if f == nil || f.on != out.Of {
			continue
		}
		when := at
		if f.last > 0 {
			when = max(at, f.last+seam)
		}
		f.last = when
		a.Video(au.Data, au.Key, when)
	}
}

// begin has a sink take a rendition.
func (k *sinks) begin(a *media.Attachment, r *rendition.Rendition) *feed {
	if k.begun == nil {
		k.begun = make(map[*media.Attachment]*feed)
	}
	f := k.begun[a]
	if f == nil {
		f = &feed{}
		k.begun[a] = f
	}
	f.on = r
	return f
}

// release lets go of a sink.
func (k *sinks) release(a *media.Attachment) {
	delete(k.begun, a)
	a.Release()
}
