// Package silence finds out why nothing is seen or heard of a source that should be. Time is an
// argument.
//
//	counts of a source ──▶ Watch.Expect ──▶ what came in 5 s ──▶ OfPicture, OfUnseen, OfSound ──▶ Reason
//
// # Why
//
// A client whose offer was answered believes that it is seen. Where its packets never come, are of
// a codec that was refused, lack parameter sets or cannot be decoded, nothing fails: there is
// only no picture. So each source that should bring something and has not for 5 s gets a reason.
// The room logs and counts it once, and sends it to all participants.
//
// A source that is off, hidden, without a tile or asked to pause is never reported (Watch.Rest).
// A client that takes no messages goes on to send while nobody is in the room to look. What comes
// of it is looked at as well (OfUnseen), so that the log says what is wrong before anybody waits.
// A microphone from which any packet came may pause for as long as it likes, because senders
// stop sending while they are muted or hear nothing.
package silence

import "time"

// Reason says why nothing is seen or heard of a source that should be. It is the same word in the
// log, in the metric and in control messages. The empty one says that all is well.
type Reason string

// The reasons. Package route has more, of packets that belong to no stream that was answered.
const (
	NoVideo     Reason = "no-video-received"
	noAudio     Reason = "no-audio-received"
	Refused     Reason = "codec-refused"
	lossy       Reason = "packets-lost"
	noSets      Reason = "no-parameter-sets"
	noKeyFrame  Reason = "no-key-frame"
	undecodable Reason = "not-decodable"
	TooCostly   Reason = "too-costly"
	tooLarge    Reason = "picture-too-large"
	noMemory    Reason = "no-decoder-memory"
	busy        Reason = "server-busy"
	harmful     Reason = "decoder-crashed"
)

// Reasons returns all of them. The caller owns the slice.
func Reasons() []Reason {
	return []Reason{
		NoVideo, noAudio, Refused, lossy, noSets, noKeyFrame, undecodable, TooCostly, tooLarge, noMemory, busy, harmful,
	}
}

const (
	// Look (1 s) is how often a Watch is to be asked.
	Look = time.Second
	// patience (5 s) is how long a source may bring nothing until there is a reason.
	patience = 5 * Look
	// costlyShare is which part of its pictures a camera may lose because it costs too much, as
	// one in so many.
	costlyShare = 4
)

// Counts are what came of a source's packets so far.
type Counts struct {
	Packets  uint64 // that carry anything
	Units    uint64 // access units that were whole; of sound, packets that can be decoded
	Keys     uint64 // key frames among them
	Bare     uint64 // key frames for which no parameter sets are known
	Lost     uint64 // gaps that no retransmission filled
	Capped   uint64 // access units left out because the camera costs too much
	Oversize uint64 // access units whose pictures are larger than the server takes
	NoMemory uint64 // access units for which decoders hold too much memory already
	Refused  uint64 // access units, or packets of sound, of a source that ended its decoder too often
	Lagged   uint64 // access units left out because they had waited unread for too long
	Pictures uint64 // that could be shown
}

func (c Counts) less(b Counts) Counts {
	return Counts{
		Packets: c.Packets - b.Packets, Units: c.Units - b.Units, Keys: c.Keys - b.Keys, Bare: c.Bare - b.Bare,
		Lost: c.Lost - b.Lost, Capped: c.Capped - b.Capped,
		Oversize: c.Oversize - b.Oversize, NoMemory: c.NoMemory - b.NoMemory, Refused: c.Refused - b.Refused, Lagged: c.Lagged - b.Lagged, Pictures: c.Pictures - b.Pictures,
	}
}

// OfPicture returns why a camera brought no picture, or far too few, by what came in a time in
// which it should have. Unbound is why packets of its client belong to nothing, if any do.
func OfPicture(came Counts, unbound Reason) Reason {
	switch {
	case came.Capped > 0 && came.Pictures > 0 && came.Pictures*costlyShare < came.Units*(costlyShare-1):
		return TooCostly
	case came.Pictures > 0:
		return ""
	case came.Packets == 0 && unbound != "":
		return unbound
	case came.Packets == 0:
		return NoVideo
	case came.Refused > 0:
		return harmful
	case came.Oversize > 0:
		return tooLarge
	case came.NoMemory > 0:
		return noMemory
	case came.Capped > 0:
		return TooCostly
	case came.Lagged > 0:
		return busy
	case came.Units == 0 && came.Lost > 0:
		return lossy
	case came.Units == 0:
		return undecodable
	case came.Bare > 0:
		return noSets
	case came.Keys == 0:
		return noKeyFrame
	}
	return undecodable
}

// OfUnseen is OfPicture of a camera that nobody looks at, so that nothing of it is decoded and no key
// frame is asked for: only what such a camera lacks too is a reason. Ever tells that a packet of it
// came at any time. It may pause then, because it was asked for very little.
func OfUnseen(came Counts, ever bool, unbound Reason) Reason {
	switch {
	case came.Packets == 0 && ever:
		return ""
	case came.Units > 0 && (came.Keys == 0 || came.Bare < came.Keys):
		return ""
	}
	came.Capped, came.Lagged = 0, 0
	return OfPicture(came, unbound)
}

// OfSound returns why nothing is heard of a microphone, like OfPicture. Ever tells that a packet
// of it came at any time.
func OfSound(came Counts, ever bool, unbound Reason) Reason {
	switch {
	case came.Refused > 0:
		return harmful
	case came.Packets > 0 && came.Units == 0:
		return undecodable
	case ever:
		return ""
	case unbound != "":
		return unbound
	}
	return noAudio
}

// Watch watches one source of a participant. The zero value is ready. It belongs to one
// goroutine, which calls Expect or Rest once in each Look.
type Watch struct {
	counts [patience / Look]Counts // in turn
	at     [patience / Look]time.Time
	n      int // how often Expect was called
}

// Rest takes note that nothing is expected now: the source is off, hidden, or not connected, or
// another has taken its place.
func (w *Watch) Rest() { *w = Watch{} }

// Expect takes what came so far of a source that should bring something. It returns what came in
// the last 5 s, and true where the source was expected for as long.
func (w *Watch) Expect(so Counts, now time.Time) (came Counts, long bool) {
	place := w.n % len(w.at)
	oldest := place
	if w.n < len(w.at) {
		oldest = 0
	}
	before, since := w.counts[oldest], w.at[oldest]
	w.counts[place], w.at[place] = so, now
	w.n++
	return so.less(before), w.n > 1 && now.Sub(since) >= patience
}
