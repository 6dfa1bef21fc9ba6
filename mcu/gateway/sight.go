package gateway

import (
	"sync/atomic"
	"time"
)

// blind is how long an attempt of an input may bring no picture before the input is down.
const blind = 5 * time.Second

// sight knows during an attempt whether an input is seen, or heard if it has no video. It is safe for
// concurrent use.
type sight struct {
	up    func()              // it is seen
	down  func(reason string) // it is not, though the attempt goes on
	lit   atomic.Bool
	timer *time.Timer
}

func newSight(up func(), down func(reason string)) *sight { return &sight{up: up, down: down} }

// watch begins with an input that is not seen. It ends when stop is called.
func (s *sight) watch() (stop func()) {
	var over atomic.Bool
	s.timer = time.AfterFunc(blind, func() {
		if !over.Load() {
			s.lit.Store(false)
			s.down("no picture arrives from the source")
		}
	})
	return func() {
		over.Store(true)
		s.timer.Stop()
	}
}

// seen is called for each picture. Once seen, an input is down after patience without a picture,
// because sources send few pictures while nothing moves.
func (s *sight) seen() {
	s.timer.Reset(patience)
	if !s.lit.Swap(true) {
		s.up()
	}
}

// spell is the last time for which an attempt was up. The caller of its methods holds link.mu.
type spell struct{ from, to time.Time } // from is zero before it is up, to while it is

func (s *spell) begin() { *s = spell{from: time.Now()} }

func (s *spell) end() {
	if s.to.IsZero() {
		s.to = time.Now()
	}
}

// ever reports whether the attempt was up, and long for how long.
func (s spell) ever() bool { return !s.from.IsZero() }

func (s spell) long() time.Duration {
	if !s.ever() {
		return 0
	}
	return s.to.Sub(s.from)
}
