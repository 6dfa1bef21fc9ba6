package picture

import (
	"time"

	"tilemix/mcu/media"
	"tilemix/mcu/rendition"
)

// sinks is what the clock keeps of the sinks of its room: those that have had an IDR. The
// zero value is ready.
type sinks struct{ begun map[*media.Attachment]bool }

// request makes the lead rendition of a view stay, and has it make the IDRs that sinks
// need.
func (k *sinks) request(all []*media.Attachment, v *view, now time.Time) {
	if r := v.lead(); r != nil {
		r.Pulse(rendition.KeepAlive)
	}
	if len(all) == 0 {
		return
	}
	r := v.rendition(lead())
	r.AddTaker()
	pulse := rendition.KeepAlive
	for _, a := range all {
		if a.PictureInterval > 0 {
			pulse = min(pulse, a.PictureInterval)
		}
	}
	r.Pulse(pulse)
	if !r.Ready() {
		return
	}
	for _, a := range all {
		if !k.begun[a] || a.KeyInterval > 0 && r.KeyAge(now) >= a.KeyInterval {
			r.RequestKeyFrame()
		}
	}
}

// feed gives an access unit of the lead rendition to the sinks.
func (k *sinks) feed(all []*media.Attachment, v *view, out rendition.Output, at time.Duration) {
	if len(all) == 0 || out.Of != v.lead() {
		return
	}
	au := out.AccessUnit
	for _, a := range all {
		if au.Key && !k.begun[a] {
			if k.begun == nil {
				k.begun = make(map[*media.Attachment]bool)
			}
			k.begun[a] = true
		}
		if k.begun[a] {
			a.Video(au.Data, au.Key, at)
		}
	}
}

// release lets go of a sink.
func (k *sinks) release(a *media.Attachment) {
	delete(k.begun, a)
	a.Release()
}
