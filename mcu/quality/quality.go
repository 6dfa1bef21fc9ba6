// Package quality says how good a participant's media is, and if it is not, why and which way. All
// of it is a function of package stats' samples.
//
//	samples of some seconds ──▶ Find ──▶ findings ──▶ Worst ──▶ Hysteresis.Update ──▶ page, events, metrics
//
// # Why
//
// "Your connection is slow" is what most conference systems say, whatever the fault. A participant
// can do something about a narrow line and about a busy laptop, but not the same thing, and nothing
// at all about a busy server. So each finding has a cause and a direction.
//
// A finding needs two samples in a row, so that it is there 2 s after its cause began, and one late
// second of a clock is none. It goes after 5 s without it. Findings of the level Excellent are notes:
// they explain what the numbers look like and need nobody's care.
package quality

import "fmt"

// Grade is how good something is.
type Grade uint8

// The levels, from the best.
const (
	Excellent Grade = iota
	Good            // something is wrong that few notice
	Poor            // seen or heard
	Lost            // nothing comes
)

// String returns the level's name.
func (l Grade) String() string {
	return [...]string{"excellent", "good", "poor", "lost"}[min(l, Lost)]
}

// MarshalText writes the level's name.
func (l Grade) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's name.
func (l *Grade) UnmarshalText(text []byte) error {
	for level := Excellent; level <= Lost; level++ {
		if level.String() == string(text) {
			*l = level
			return nil
		}
	}
	return fmt.Errorf("%.40q is not a level of quality: take excellent, good, poor or lost", text)
}

// Cause is why.
type Cause string

// The causes, the one first that explains others.
const (
	None       Cause = ""
	Connection Cause = "connection" // no packet comes
	Server     Cause = "server"     // it is too busy
	Bandwidth  Cause = "bandwidth"  // the network path is narrower than what is to go over it
	Loss       Cause = "loss"       // packets are lost on the network path
	Jitter     Cause = "jitter"     // packets come unevenly
	Delay      Cause = "delay"      // packets take long
	ClientCPU  Cause = "client-cpu" // the participant's machine is too slow
	Camera     Cause = "camera"     // it is on and brings no picture
	KeyFrames  Cause = "key-frames" // the client asks for one again and again
	Clipping   Cause = "clipping"   // the microphone is set too loud
	Microphone Cause = "microphone" // it is on and brings silence
	Relay      Cause = "relay"      // media goes over a TURN server
	Codec      Cause = "codec"      // the camera sends what costs the server more than H.264
)

// causes are all of them in their order.
var causes = []Cause{None, Connection, Server, Bandwidth, Loss, Jitter, Delay, ClientCPU, Camera, KeyFrames, Clipping, Microphone, Relay, Codec}

// Direction is which way media is concerned, seen from the participant.
type Direction string

// The directions.
const (
	Neither Direction = ""
	Up      Direction = "up"   // what the participant sends
	Down    Direction = "down" // what it receives
	Both    Direction = "both"
)

// Finding is one thing that is wrong.
type Finding struct {
	Level     Grade     `json:"quality"`
	Cause     Cause     `json:"cause,omitempty"`
	Direction Direction `json:"direction,omitempty"`
}

// Worst returns the finding that counts: the worst, and of those the one that explains the others.
// The same cause in both directions is one finding. Notes do not count.
func Worst(all []Finding) (worst Finding) {
	for _, f := range all {
		switch {
		case f.Level == Excellent:
		case f.Cause == worst.Cause && f.Direction != worst.Direction:
			worst.Direction, worst.Level = Both, max(worst.Level, f.Level)
		case f.Level > worst.Level || f.Level == worst.Level && rank(f.Cause) < rank(worst.Cause):
			worst = f
		}
	}
	return worst
}

// rank is the place of a cause.
func rank(of Cause) int {
	for i, c := range causes {
		if c == of {
			return i
		}
	}
	return len(causes)
}
