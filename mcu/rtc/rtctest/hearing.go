package rtctest

import (
	"slices"
	"sync"
	"time"

	"tilemix/codec/pcm"
)

// Warble is a sound without pauses that tells what time it is: a sine that changes
// between two frequencies every half second. It belongs to Client.Speak. The
// frequencies, in Hz, are even, and 400 Hz from all others that are to be told apart.
type Warble struct{ Low, High float64 }

// half is how long a warble keeps its frequency.
const half = 500 * time.Millisecond

// warbleLevel is a warble's amplitude.
const warbleLevel = 0.2

// Wave is for Client.Speak.
func (w Warble) Wave() func(sample int) float32 {
	low, high := Tone(w.Low, warbleLevel), Tone(w.High, warbleLevel)
	return func(sample int) float32 {
		if sample/(pcm.Rate/2)%2 == 0 {
			return low(sample)
		}
		return high(sample)
	}
}

// Hearing is what a client hears of somebody who warbles. It is safe for concurrent
// use.
type Hearing struct {
	actor  *Client
	warble Warble

	mu     sync.Mutex
	heard  bool // ever
	since  time.Time
	gaps   []gap
	high   bool
	known  bool // which it was
	shifts []shift
}

// gap is a time without the warble.
type gap struct{ from, to time.Time }

// shift is a change of frequency.
type shift struct {
	spoken time.Time
	late   time.Duration // until its block of the mix
}

// window is how finely is listened, 5 ms.
const window = pcm.Samples / 4

// Listen has the client look for an actor's warble in what it hears.
func (c *Client) Listen(actor *Client, w Warble) *Hearing {
	h := &Hearing{actor: actor, warble: w}
	c.Earphone.Watch(h.listen)
	return h
}

func (h *Hearing) listen(s Sound) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 0; i+window <= len(s.Block); i += window {
		low := Amplitude(s.Block[i:i+window], h.warble.Low)
		high := Amplitude(s.Block[i:i+window], h.warble.High)
		offset := time.Duration(i) * time.Second / pcm.Rate
		h.level(max(low, high), s.At.Add(offset))
		var mixed time.Time
		if !s.Mixed.IsZero() {
			mixed = s.Mixed.Add(offset)
		}
		if low > 2*high || high > 2*low {
			h.frequency(high > low, max(low, high) > warbleLevel/4, mixed)
		}
	}
}

// level notes gaps: what is 20 dB down is one.
func (h *Hearing) level(amplitude float64, at time.Time) {
	switch loud := amplitude > warbleLevel/10; {
	case loud && !h.since.IsZero():
		h.gaps = append(h.gaps, gap{h.since, at})
		h.since = time.Time{}
	case !loud && h.since.IsZero() && h.heard:
		h.since = at
	case loud:
		h.heard = true
	}
}

// frequency notes changes of the frequency.
func (h *Hearing) frequency(high, sure bool, mixed time.Time) {
	changed := h.known && sure && high != h.high
	h.high, h.known = high, sure
	if !changed || mixed.IsZero() {
		return
	}
	// The last change of this kind that was spoken before.
	n := mixed.Sub(h.actor.born) / half
	if (n%2 == 1) != high {
		n--
	}
	spoken := h.actor.born.Add(n * half)
	h.shifts = append(h.shifts, shift{spoken, mixed.Sub(spoken)})
}

// Heard tells whether the warble was ever heard.
func (h *Hearing) Heard() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.heard
}

// Gap returns the longest time in a span without the warble.
func (h *Hearing) Gap(from, to time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.heard {
		return to.Sub(from)
	}
	all := h.gaps
	if !h.since.IsZero() {
		all = append(slices.Clone(all), gap{h.since, to})
	}
	longest := time.Duration(0)
	for _, g := range all {
		if g.to.After(from) && g.from.Before(to) {
			longest = max(longest, g.to.Sub(g.from))
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
	return 0, h.since.IsZero()
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
