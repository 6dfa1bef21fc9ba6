package ingest_test

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestUnevenPictures has pictures come unevenly, in order, and a clock of the camera's rate
// whose ticks are not exact either. Hardly any is shown twice or never, and those of a
// steady camera are shown as soon as the clock comes.
func TestUnevenPictures(t *testing.T) {
	const period = time.Second / 30
	units := encoded(t, 160, 90, 60)
	for _, c := range []struct {
		jitter, most time.Duration // most is by how much half of the pictures may be later than the clock
	}{
		{0, time.Millisecond},
		{3 * time.Millisecond, period}, // a tick may be just before the picture
		{15 * time.Millisecond, period + time.Millisecond},
		{30 * time.Millisecond, period + time.Millisecond},
	} {
		for phase := time.Millisecond; phase < period; phase += 8 * time.Millisecond {
			s := newScreening(t, image.Pt(160, 90))
			seen := watchUneven(s, units, c.jitter, phase)
			s.end(t)
			bad := 0
			for i := 1; i < len(seen); i++ {
				if seen[i].number != seen[i-1].number+1 {
					bad++
				}
			}
			slices.SortFunc(seen, func(a, b sight) int { return int(a.late - b.late) })
			late := seen[len(seen)/2].late
			t.Logf("%v of jitter, clock %v behind: %d of %d shown twice or after one never shown, %v late",
				c.jitter, phase, bad, len(seen), late)
			if c.jitter >= 15*time.Millisecond && bad*100 > len(seen)*3 {
				t.Errorf("%v of jitter, clock %v behind: %d of %d ticks are not even", c.jitter, phase, bad, len(seen))
			}
			if late > phase+c.most {
				t.Errorf("%v of jitter, clock %v behind: pictures are %v late", c.jitter, phase, late)
			}
		}
	}
}

// sight is what a tick shows: the picture with this number, so late.
type sight struct {
	number int
	late   time.Duration
}

// watchUneven returns what is seen at each tick of ten seconds, after the first three.
func watchUneven(s *screening, units [][]byte, jitter, phase time.Duration) []sight {
	const period, pictures, settle = time.Second / 30, 390, 90
	rnd := rand.New(rand.NewPCG(1, uint64(phase)))
	random := func(most time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(most) + 1)) }
	start := s.now
	var seen []sight
	seq, number := uint16(0), 0
	next, n := start.Add(random(jitter)), 0
	for tick := range pictures {
		at := start.Add(phase + time.Duration(tick)*period + random(2*time.Millisecond) - time.Millisecond)
		for ; n < pictures && !next.After(at); n++ {
			s.now = next
			for _, p := range packets(seq, units[n%len(units)]) {
				p.Timestamp = uint32(3000 * n)
				s.Push(&p, next)
				seq++
			}
			last := next
			next = start.Add(time.Duration(n+1)*period + random(jitter))
			if next.Before(last) {
				next = last
			}
		}
		f, fresh := s.Picture(nil, at)
		if fresh {
			number = int((f.Due.Sub(start) + period/2) / period)
		}
		if tick >= settle {
			seen = append(seen, sight{number, at.Sub(start.Add(time.Duration(number) * period))})
		}
	}
	return seen
}
