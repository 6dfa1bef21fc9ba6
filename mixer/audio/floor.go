package audio

import (
	"slices"
	"time"
)

// FloorConfig is how quickly and how firmly a Floor decides. Zero fields mean the
// defaults that stand beside them.
type FloorConfig struct {
	Attack   time.Duration // of speech until a participant counts as speaking: 80 ms
	Release  time.Duration // of quiet until the participant no longer does: 700 ms
	Takeover time.Duration // of speech until it takes the floor of a holder that went quiet: 500 ms
	Contest  time.Duration // of clearly louder speech until it takes the floor of a holder that speaks: 2 s
	Weakest  uint8         // level in -dBov that speech never falls under: 52
	Margin   uint8         // dB that speech is over the talker's own noise: 10
}

func (c FloorConfig) withDefaults() FloorConfig {
	set(&c.Attack, 80*time.Millisecond)
	set(&c.Release, 700*time.Millisecond)
	set(&c.Takeover, 500*time.Millisecond)
	set(&c.Contest, 2*time.Second)
	set(&c.Weakest, 52)
	set(&c.Margin, 10)
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Floor decides who speaks and who has the floor, from the levels of all
// voices, with hysteresis: a cough makes nobody a speaker, a pause between
// words ends no speech, and the floor changes only when someone else clearly
// speaks. It belongs to one goroutine.
type Floor struct {
	cfg      FloorConfig
	talkers  []*talker // in order of their first Observe
	byID     map[string]*talker
	speaking []string
	holder   string
	now      time.Time
	changed  bool
}

// NewFloor returns a floor that nobody has.
func NewFloor(cfg FloorConfig) *Floor {
	return &Floor{cfg: cfg.withDefaults(), byID: map[string]*talker{}}
}

// Observe takes the level of a voice, in -dBov, at a time that never goes
// back. It is called for every voice and block; a voice that is not observed for
// the release time has stopped speaking.
func (f *Floor) Observe(id string, level uint8, now time.Time) {
	if now.After(f.now) {
		f.now = now
		f.expire()
	}
	t := f.byID[id]
	if t == nil {
		t = &talker{id: id, noise: noiseHigh}
		f.byID[id] = t
		f.talkers = append(f.talkers, t)
	}
	if t.observe(level, now, &f.cfg) {
		f.list()
	}
	f.contest(t)
}

// Remove forgets a voice. If it had the floor, the one who speaks longest gets it.
func (f *Floor) Remove(id string) {
	t := f.byID[id]
	if t == nil {
		return
	}
	delete(f.byID, id)
	f.talkers = slices.DeleteFunc(f.talkers, func(o *talker) bool { return o == t })
	if t.speaking {
		f.list()
	}
	if f.holder == id {
		f.hand(f.longest())
	}
}

// Speaking returns who speaks, in the order in which the voices were first
// observed. The slice is the floor's and valid until its next call.
func (f *Floor) Speaking() []string { return f.speaking }

// Holder returns the participant that has the floor: it speaks, or spoke last. "" means that
// no participant has spoken yet.
func (f *Floor) Holder() string { return f.holder }

// Changed reports whether Speaking or Holder changed since it was last called.
func (f *Floor) Changed() bool {
	changed := f.changed
	f.changed = false
	return changed
}

func (f *Floor) expire() {
	gone := false
	for _, t := range f.talkers {
		if t.speaking && f.now.Sub(t.lastLoud) >= f.cfg.Release {
			t.speaking = false
			gone = true
		}
	}
	if gone {
		f.list()
	}
}

func (f *Floor) list() {
	f.changed = true
	f.speaking = f.speaking[:0]
	for _, t := range f.talkers {
		if t.speaking {
			f.speaking = append(f.speaking, t.id)
		}
	}
}

// contest gives the floor to t if t has won it by now.
func (f *Floor) contest(t *talker) {
	if !t.speaking || t.id == f.holder {
		return
	}
	h := f.byID[f.holder]
	spoken := f.now.Sub(t.since)
	switch {
	case h == nil:
		f.hand(t.id)
	case !h.speaking && spoken >= f.cfg.Takeover:
		f.hand(t.id)
	case h.speaking && t.mean+clearly <= h.mean:
		if t.louder.IsZero() {
			t.louder = f.now
		}
		if f.now.Sub(t.louder) >= f.cfg.Contest {
			f.hand(t.id)
		}
	default:
		t.louder = time.Time{}
	}
}

func (f *Floor) hand(id string) {
	f.holder = id
	f.changed = true
	for _, t := range f.talkers {
		t.louder = time.Time{}
	}
}

func (f *Floor) longest() string {
	var first *talker
	for _, t := range f.talkers {
		if t.speaking && (first == nil || t.since.Before(first.since)) {
			first = t
		}
	}
	if first == nil {
		return ""
	}
	return first.id
}
