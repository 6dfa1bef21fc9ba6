package quality

import (
	"slices"
	"sync"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// Warble is a sound that tells what time it is: a sine that changes between two
// frequencies every half second, after a short pause, as speech has them. It belongs
// to rtctest.Client.Speak. The frequencies, in Hz, are even, and 400 Hz from all others that
// are to be told apart.
type Warble struct{ Low, High float64 }

const (
	// half is how long a warble keeps its frequency, and breath how long its
	// pause at the end of that is.
	half   = 500 * time.Millisecond
	breath = 100 * time.Millisecond
	// slack is how far from where it should be a pause is taken for a breath.
	slack = 40 * time.Millisecond
)

// warbleLevel is a warble's amplitude.
const warbleLevel = 0.2

// Wave is for rtctest.Client.Speak.
func (w Warble) Wave() func(sample int) float32 {
	low, high := signal.Tone(w.Low, warbleLevel), signal.Tone(w.High, warbleLevel)
	const said, fade = int((half - breath) * pcm.Rate / time.Second), pcm.Rate / 200
	return func(sample int) float32 {
		// A sudden end is heard at all frequencies.
		in := sample % (pcm.Rate / 2)
		volume := float32(min(max(min(in, said-in), 0), fade)) / fade
		if sample/(pcm.Rate/2)%2 == 0 {
			return volume * low(sample)
		}
		return volume * high(sample)
	}
}

// Hearing is what a client hears of another client that warbles. It is safe for
// concurrent use.
type Hearing struct {
	born   time.Time // of the actor
	warble Warble

	mu     sync.Mutex
	heard  time.Time // when it was last; zero: never
	gaps   []gap
	high   bool          // which it was
	lag    time.Duration // from spoken until heard, at the last change
	shifts []shift
}

// gap is a time without the warble, breath not counted.
type gap struct {
	from, to time.Time
	length   time.Duration
}

// shift is a change of frequency.
type shift struct {
	spoken time.Time
	late   time.Duration // until its block of the mix
}

// window is how finely is listened, in samples.
const (
	window       = pcm.Samples / 4
	windowLength = pcm.Duration / 4
)

// Listen has a client look for an actor's warble in what it hears.
func Listen(listener, actor *rtctest.Client, w Warble) *Hearing {
	h := newHearing(actor.Born(), w)
	listener.AudioSink.Watch(h.listen)
	return h
}

// newHearing returns what Listen does, and watches nothing.
func newHearing(born time.Time, w Warble) *Hearing { return &Hearing{born: born, warble: w} }

func (h *Hearing) listen(s rtctest.Sound) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 0; i+window <= len(s.Block); i += window {
		low := signal.Amplitude(s.Block[i:i+window], h.warble.Low)
		high := signal.Amplitude(s.Block[i:i+window], h.warble.High)
		if max(low, high) < warbleLevel/5 { // 14 dB down is none
			continue
		}
		offset := time.Duration(i) * time.Second / pcm.Rate
		at, mixed := s.At.Add(offset), s.Mixed
		if !mixed.IsZero() {
			mixed = mixed.Add(offset)
		}
		pause := at.Sub(h.heard)
		if first := h.heard.IsZero(); !first && pause > windowLength*3/2 {
			h.gaps = append(h.gaps, h.gap(h.heard.Add(windowLength), at))
		}
		h.heard = at
		if (low > 2*high || high > 2*low) && (high > low) != h.high {
			h.high = high > low
			if pause < breath+slack {
				h.shift(at, mixed)
			}
		}
	}
}

// gap returns a gap. From what goes over a breath, only the rest is one; what comes before it is known when
// breaths are due may be one.
func (h *Hearing) gap(from, to time.Time) gap {
	g := gap{from, to, to.Sub(from)}
	// Where in its half second the gap begins and ends, as it was spoken.
	begin := from.Add(-h.lag).Sub(h.born) % half
	if end := begin + g.length; h.lag == 0 || end > half-breath+slack && begin < half-slack {
		g.length = max(g.length-breath, 0)
	}
	return g
}

// shift notes a change of frequency, which is spoken at the beginning of a half
// second.
func (h *Hearing) shift(at, mixed time.Time) {
	spoken := func(t time.Time) time.Time {
		n := t.Sub(h.born) / half
		if (n%2 == 1) != h.high {
			n--
		}
		return h.born.Add(n * half)
	}
	h.lag = at.Sub(spoken(at))
	if !mixed.IsZero() {
		s := spoken(mixed)
		h.shifts = append(h.shifts, shift{s, mixed.Sub(s)})
	}
}

// Heard tells whether the warble was ever heard, and for so long that its pauses are known from gaps.
func (h *Hearing) Heard() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lag != 0
}

// Gap returns the longest time in a span without the warble. Its pauses do not count.
func (h *Hearing) Gap(from, to time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.heard.IsZero() {
		return to.Sub(from)
	}
	longest := time.Duration(0)
	for _, g := range append(slices.Clone(h.gaps), h.gap(h.heard, to)) {
		if g.to.After(from) && g.from.Before(to) {
			longest = max(longest, g.length)
		}
	}
	return longest
}

// Resumed returns how long after an instant the warble was heard for the first time
// since it was not.
func (h *Hearing) Resumed(after time.Time) (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.gaps {
		if g.to.After(after) && g.from.Before(after) {
			return g.to.Sub(after), true
		}
	}
	return 0, h.heard.After(after)
}

// Skews returns by how much the picture was later than the sound of the same
// instant, by the sender reports, for each change of frequency in a span of time.
// Neither was received by a buffered client.
func (h *Hearing) Skews(s *Sight, from, to time.Time) []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	var skews []time.Duration
	for _, change := range h.shifts {
		if change.spoken.Before(from) || !change.spoken.Before(to) {
			continue
		}
		if late, ok := s.delay(change.spoken); ok {
			skews = append(skews, late-change.late)
		}
	}
	return skews
}
