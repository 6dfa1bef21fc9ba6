package media

import (
	"testing"
	"time"
)

// sink counts its ends.
type sink struct{ ended int }

func (*sink) Video([]byte, bool, time.Duration) {}
func (*sink) Audio([]byte, time.Duration)       {}
func (s *sink) Ended()                          { s.ended++ }

// TestAttachment: a sink ends when both clocks have let go of it.
func TestAttachment(t *testing.T) {
	s := &sink{}
	a := &Attachment{Sink: s}
	a.Release()
	if s.ended != 0 {
		t.Error("it ended when one clock let go")
	}
	a.Release()
	if s.ended != 1 {
		t.Errorf("it ended %d times", s.ended)
	}
}

// TestSignals: requests coalesce, and are taken once.
func TestSignals(t *testing.T) {
	var s Signals
	if s.TakeKeyFrameRequest() {
		t.Error("there is a request that nobody made")
	}
	s.RequestKeyFrame()
	s.RequestKeyFrame()
	if !s.TakeKeyFrameRequest() || s.TakeKeyFrameRequest() {
		t.Error("a request is not taken, or twice")
	}
	if s.SetRung(2); s.Rung() != 2 {
		t.Errorf("the rung is %d", s.Rung())
	}
}
