package health

import (
	"testing"
	"time"

	"tilemix/mixer/video"
)

// camera counts gaps.
type camera struct{ gaps uint64 }

func (c *camera) Lost() uint64 { return c.gaps }

// sim drives a Health at 30 ticks a second.
type sim struct {
	Health
	in  Observation
	now time.Time
}

func newSim() *sim {
	s := &sim{now: time.Unix(1_800_000_000, 0), in: Observation{Camera: &camera{}, Expected: true}}
	s.in.Awake = s.now
	return s
}

// run ticks for d with a picture each interval, 0 for none, and returns the last line
// and when it first was another than at the beginning.
func (s *sim) run(d, interval time.Duration) (line video.Status, changed time.Duration) {
	const tick = time.Second / 30
	first, begun := s.line, s.now
	next := s.now
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(tick) {
		s.in.Fresh = interval > 0 && !s.now.Before(next)
		if s.in.Fresh {
			next = next.Add(interval)
		}
		line = s.Update(s.in, s.now)
		if line != first && changed == 0 {
			changed = s.now.Sub(begun)
		}
	}
	return line, changed
}

const frame = time.Second / 30

// TestFreeze has pictures stop and go on.
func TestFreeze(t *testing.T) {
	for _, c := range []struct {
		name        string
		interval    time.Duration
		least, most time.Duration // until it is frozen
	}{
		{"30 a second", frame, pause, pause + 100*time.Millisecond},
		{"2 a second", time.Second / 2, 1400 * time.Millisecond, 1600 * time.Millisecond},
		{"1 in 3 seconds", 3 * time.Second, 2 * time.Second, maxPause},
	} {
		s := newSim()
		if line, _ := s.run(30*time.Second, c.interval); c.interval < time.Second && line != video.OK {
			t.Errorf("%s: a good camera is %v", c.name, line)
		}
		since := s.now.Sub(s.last)
		line, after := s.run(6*time.Second, 0)
		if line != video.Frozen {
			t.Fatalf("%s: a camera without pictures is %v", c.name, line)
		}
		if frozen := after + since; frozen < c.least || frozen > c.most {
			t.Errorf("%s: it is frozen after %v, not %v to %v", c.name, frozen, c.least, c.most)
		}
		if line, after := s.run(3*time.Second, frame); line != video.OK || after > 200*time.Millisecond {
			t.Errorf("%s: pictures go on, and it is %v, for the first time other than frozen after %v", c.name, line, after)
		}
	}
}

// TestStart has a camera that brings nothing: it has longer to begin.
func TestStart(t *testing.T) {
	s := newSim()
	if line, after := s.run(5*time.Second, 0); line != video.Frozen || after < startPause || after > startPause+100*time.Millisecond {
		t.Errorf("it is %v after %v", line, after)
	}
}

// TestRest has the clock rest: nothing is known of the time between.
func TestRest(t *testing.T) {
	s := newSim()
	s.run(2*time.Second, frame)
	s.now = s.now.Add(10 * time.Second)
	s.in.Awake = s.now
	if line, _ := s.run(time.Second, 0); line != video.OK {
		t.Errorf("just after a rest it is %v", line)
	}
	if !s.Began().Equal(s.in.Awake) {
		t.Errorf("it is to be seen since %v, not %v", s.Began(), s.in.Awake)
	}
}

// TestLoss has gaps that nobody repaired.
func TestLoss(t *testing.T) {
	s := newSim()
	s.run(3*time.Second, frame)
	c := s.in.Camera.(*camera)
	c.gaps++
	if line, _ := s.run(2*time.Second, frame); line != video.OK {
		t.Errorf("one gap makes it %v", line)
	}
	for range 3 {
		c.gaps++
		s.run(time.Second, frame)
	}
	if line, _ := s.run(frame, frame); line != video.Degraded {
		t.Errorf("a gap a second leaves it %v", line)
	}
	if line, after := s.run(10*time.Second, frame); line != video.OK || after < recovery {
		t.Errorf("without gaps it is %v after %v", line, after)
	}
}

// TestLost has connections lost.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		name          string
		media, contrl bool
		interval      time.Duration
		expected      bool
		want          video.Status
	}{
		{"media", true, false, frame, true, video.Disconnected},
		{"media, camera off", true, false, 0, false, video.Disconnected},
		{"control alone", false, true, frame, true, video.OK},
		{"control, and no pictures", false, true, 0, true, video.Disconnected},
		{"nothing, camera off", false, false, 0, false, video.OK},
	} {
		s := newSim()
		s.run(2*time.Second, frame)
		s.in.Disconnected, s.in.ControlLost, s.in.Expected = c.media, c.contrl, c.expected
		if line, _ := s.run(3*time.Second, c.interval); line != c.want {
			t.Errorf("%s: it is %v, not %v", c.name, line, c.want)
		}
	}
}

// TestOtherCamera has a participant change its camera: what was known of the old one is
// forgotten, but not how it looked.
func TestOtherCamera(t *testing.T) {
	s := newSim()
	s.run(2*time.Second, frame)
	s.run(2*time.Second, 0)
	s.in.Camera = &camera{gaps: 1000}
	if line, _ := s.run(frame, 0); line != video.Frozen {
		t.Errorf("before its first picture the new camera is %v", line)
	}
	if line, _ := s.run(3*time.Second, frame); line != video.OK {
		t.Errorf("with pictures it is %v", line)
	}
	s.in.Camera, s.in.Expected = nil, false
	if line, _ := s.run(time.Second, 0); line != video.OK {
		t.Errorf("no camera is %v", line)
	}
}
