package record

import "sync/atomic"

// door is where a camera's access units come in. It is used by the goroutine of the
// camera's track; where he who sends changes his track, two may use it for a moment.
type door struct {
	number  atomic.Uint64 // of the last access unit
	whole   atomic.Bool   // what comes can be decoded with what is in the file
	dropped atomic.Bool   // it cannot, since the disk was too slow
}

// door returns that of a participant.
func (t *tracks) door(id string) *door {
	d, ok := t.doors.Load(id)
	if !ok {
		d, _ = t.doors.LoadOrStore(id, &door{})
	}
	return d.(*door)
}

// opens tells whether an access unit can be decoded with what is in the file.
func (d *door) opens(n uint64, key bool) bool {
	follows := d.number.Swap(n)+1 == n
	if key {
		d.dropped.Store(false)
	}
	whole := key || follows && d.whole.Load()
	d.whole.Store(whole)
	return whole
}

// tear leaves out what comes up to the next key frame.
func (d *door) tear(dropped bool) {
	d.whole.Store(false)
	d.dropped.Store(dropped)
}
