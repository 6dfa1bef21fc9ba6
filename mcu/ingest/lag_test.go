package ingest_test

import (
	"image"
	"testing"
	"time"
)

// TestVideoLag reads pictures that are two seconds late: those that had waited to be
// read are left out up to an IDR, those that the line had held up are shown.
func TestVideoLag(t *testing.T) {
	const period = time.Second / 30
	units := encoded(t, 160, 90, 120)
	for name, waiting := range map[string]bool{"unread": true, "slow line": false} {
		t.Run(name, func(t *testing.T) {
			s := newScreening(t, image.Pt(160, 90))
			defer s.end(t)
			unit := func(i int) {
				p := packets(uint16(s.Stats().Packets), units[i])
				for j := range p {
					p[j].Timestamp = uint32(i * 3000)
				}
				s.push(0, p...)
				s.Picture(nil, s.now)
			}
			for i := range 30 {
				unit(i)
				s.now = s.now.Add(period)
			}
			s.now = s.now.Add(2 * time.Second)
			start := s.now
			s.asked = 0
			for i := 30; i < 90; i++ {
				if waiting {
					s.Busy(s.now.Sub(start))
				}
				unit(i)
				s.now = s.now.Add(period) // what it takes to decode
			}
			n := s.Stats()
			if waiting && (n.Lagged < 50 || n.Pictures > 40 || s.asked == 0) {
				t.Errorf("%d access units were left out, %d shown, %d IDRs asked for", n.Lagged, n.Pictures, s.asked)
			}
			if !waiting && (n.Lagged > 0 || n.Pictures != 90 || s.asked > 0) {
				t.Errorf("%d access units were left out, %d shown, %d IDRs asked for", n.Lagged, n.Pictures, s.asked)
			}
			s.Busy(0)
			before := s.Stats().Pictures
			unit(0) // the IDR
			unit(1)
			if got := s.Stats().Pictures - before; got != 2 {
				t.Errorf("%d of 2 pictures were shown after that", got)
			}
		})
	}
}
