package picture

import (
	"runtime"
	"syscall"
	"time"

	"tilemix/mcu/viewer"
)

const (
	// strainEvery (2 s) is the time between two views that a strained clock asks to be rid of.
	strainEvery = 2 * time.Second
	// strainLasts (1 s) is how long a clock is strained before it asks for the first.
	strainLasts = time.Second
	// ownPart (a third) is what the server takes of the machine at least if it is the server that is too busy.
	ownPart = 3
)

// strain finds out when a view less would help the picture clock that owns it. The clock is strained while
// it misses ticks again and again. A pause of any length counts as one miss, because it is over by then. If
// the server takes less than a third of the machine meanwhile, other programs are the reason: the views of a
// server can neither cause nor end that.
type strain struct {
	cpu    func() time.Duration // that the server has used so far, without its children
	cores  int
	missed viewer.Overload
	since  time.Time // when it began; zero: there is none
	told   time.Time // when it was last reported

	sampled time.Time
	used    time.Duration // of the processor, at sampled
	own     bool          // the server took its part in the second before
}

func newStrain() strain { return strain{cpu: processTime, cores: runtime.GOMAXPROCS(0)} }

// tick takes how many ticks were missed before this one, and tells whether a view is to go.
func (s *strain) tick(missed int, now time.Time) bool {
	if over := now.Sub(s.sampled); over >= time.Second {
		used := s.cpu()
		s.own = !s.sampled.IsZero() && (used-s.used)*ownPart >= over*time.Duration(s.cores)
		s.sampled, s.used = now, used
	}
	switch s.missed.Tick(min(missed, 1)); {
	case !s.missed.Strained() || !s.own:
		s.since = time.Time{}
	case s.since.IsZero():
		s.since = now
	default:
		return now.Sub(s.since) >= strainLasts && now.Sub(s.told) >= strainEvery
	}
	return false
}

// processTime is what this process has used of the processors (getrusage(2)).
func processTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails only for wrong arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
