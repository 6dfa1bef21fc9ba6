package bench

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
)

// Changes is how long viewers wait for the first picture of another view, in ms.
type Changes struct {
	All   Spread `json:"all"`
	Known Spread `json:"known"` // of views that others had
	New   Spread `json:"new"`   // of views that nobody had
	// Missed are those that had no picture before the next change, as when the server refused the view.
	Missed int `json:"missed"`
}

// changing is a measurement of how long a viewer waits for the first picture of another view.
type changing struct{ *measurement }

// between is the time between two changes.
const between = 1200 * time.Millisecond

// measure has the last viewer change its view: to views that others have, and to some that nobody has.
func (m changing) measure(ctx context.Context) error {
	c := contrasting(m)
	ids, err := c.ids(ctx, atRoom)
	if err != nil {
		return err
	}
	viewer := ids[m.call.members[len(m.call.members)-1].name]
	known := quartet(ids)
	for n := range m.s.changes {
		to := known[(n/2+1)%len(known)]
		if n%2 == 1 { // one that nobody has: two pinned, of whom the first changes
			to = map[string]any{"pin": []string{ids[fmt.Sprint("bot ", n/2%m.s.participants)], ids[fmt.Sprint("bot ", (n/2+4)%m.s.participants)]}}
		}
		m.changed = append(m.changed, time.Now())
		if err := c.give(ctx, atRoom, map[string]wish{viewer: to}); err != nil {
			return err
		}
		if err := sleep(ctx, between); err != nil {
			return err
		}
	}
	return c.give(ctx, atRoom, map[string]wish{viewer: known[len(known)-1]})
}

// seen finds the first picture of each view that the viewer chose.
func (m changing) seen() {
	pictures, _ := m.call.members[len(m.call.members)-1].Recorded()
	known, others, missed := changesSeen(pictures, m.changed)
	r := m.result
	r.Changes = &Changes{Known: spread(known), New: spread(others), Missed: missed}
	r.Changes.All = spread(append(known, others...))
	if missed > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d changes of view had no picture within %v", missed, len(m.changed), between))
	}
}

// changesSeen returns, in ms, when the first picture came after each change: a downlink changes its
// rendition at a key frame. Every second change is to a view that nobody had.
func changesSeen(pictures []bot.Unit, changed []time.Time) (known, others []float64, missed int) {
	for n, at := range changed {
		i := 0
		for i < len(pictures) && (pictures[i].At.Before(at) || !isKey(pictures[i].Data)) {
			i++
		}
		if i == len(pictures) || pictures[i].At.Sub(at) > between {
			missed++
			continue
		}
		took := pictures[i].At.Sub(at).Seconds() * 1000
		if n%2 == 0 {
			known = append(known, took)
		} else {
			others = append(others, took)
		}
	}
	return known, others, missed
}

// isKey tells whether an access unit (H.264, Annex B) has an IDR or parameter sets.
func isKey(unit []byte) bool {
	for {
		at := bytes.Index(unit, []byte{0, 0, 1})
		if at < 0 || len(unit) < at+4 {
			return false
		}
		if kind := unit[at+3] & 0x1f; kind == 5 || kind == 7 {
			return true
		}
		unit = unit[at+3:]
	}
}
