package ingest_test

import (
	"image"
	"testing"
	"time"
)

// TestRepairedPictures has every tenth picture's packet come late, as if it had
// been asked for again. All that follow wait for it, and yet are to be seen one by one.
func TestRepairedPictures(t *testing.T) {
	for _, c := range []struct {
		name  string
		late  time.Duration
		least int // pictures of 90 to be seen
		most  time.Duration
	}{
		{"nothing is repaired", 0, 90, 0},
		{"repaired in 100 ms", 100 * time.Millisecond, 84, 140 * time.Millisecond},
		{"repaired in 200 ms", 200 * time.Millisecond, 84, 280 * time.Millisecond},
	} {
		s := newScreening(t, image.Pt(160, 90))
		const period = time.Second / 30
		type arrival struct {
			at time.Time
			n  int
		}
		units := encoded(t, 160, 90, 90)
		start := s.now
		var arrivals []arrival
		for n := range units {
			at := start.Add(time.Duration(n) * period)
			if n%10 == 5 {
				at = at.Add(c.late)
			}
			arrivals = append(arrivals, arrival{at, n})
		}
		seen, latest := 0, time.Duration(0)
		pushed := map[int]bool{}
		seq := make([]uint16, len(units)+1)
		for n, unit := range units {
			seq[n+1] = seq[n] + uint16(len(packets(0, unit)))
		}
		for tick := start; tick.Before(start.Add(100 * period)); tick = tick.Add(time.Millisecond) {
			for _, a := range arrivals {
				if a.at.After(tick) || pushed[a.n] {
					continue
				}
				pushed[a.n] = true
				for _, p := range packets(seq[a.n], units[a.n]) {
					p.Timestamp = uint32(3000 * a.n)
					s.Push(&p, tick)
				}
			}
			if tick.Sub(start)%(33*time.Millisecond) == 0 {
				if f, fresh := s.Picture(nil, tick); fresh {
					seen++
					latest = max(latest, tick.Sub(f.Due))
				}
			}
		}
		s.end(t)
		t.Logf("%s: %d pictures are seen, %v late at most", c.name, seen, latest)
		if seen < c.least || c.most > 0 && latest > c.most {
			t.Errorf("%s: %d pictures are seen, %v late at most", c.name, seen, latest)
		}
	}
}
