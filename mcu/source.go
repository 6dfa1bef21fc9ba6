package mcu

import (
	"errors"
	"slices"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
)

// Source is a stream that feeds a participant who joined with JoinOptions.Fed: H.264
// (RFC 6184), or Opus (RFC 7587). It is used by one goroutine.
type Source interface {
	// Read reads the next packet into p, in order, as soon as it is to be shown or heard. The
	// payload is valid until the next Read. It fails when the stream ends.
	Read(p *rtp.Packet) error
	// Reported returns the time, in NTP's 32.32 fixed point, of a timestamp, and
	// whether that is news. Picture and sound with the same clock are kept together.
	Reported() (ntp uint64, timestamp uint32, fresh bool)
}

// PlayVideo shows a source as the participant's camera until its Read fails, as it has to
// when the participant leaves.
func (p *Participant) PlayVideo(s Source) { p.play(func() { p.runVideo(fed{s, p}) }) }

// PlayAudio plays a source as the participant's microphone until its Read fails, as it
// has to when the participant leaves.
func (p *Participant) PlayAudio(s Source) { p.play(func() { p.runAudio(fed{s, p}) }) }

// play runs something that the participant's end waits for.
func (p *Participant) play(run func()) {
	inside := false
	p.room.call(func() {
		if inside = slices.Contains(p.room.members, p); inside {
			p.playing.Add(1)
		}
	})
	if inside {
		defer p.playing.Done()
		run()
	}
}

// fed makes a track of a source, which can be asked for nothing.
type fed struct {
	Source
	p *Participant
}

var errLeft = errors.New("the participant has left")

// Read fails too where the participant has left.
func (f fed) Read(p *rtp.Packet) error {
	if f.p.life.Err() != nil {
		return errLeft
	}
	return f.Source.Read(p)
}

func (fed) Codec() codec.Kind               { return codec.H264 }
func (fed) Patience() time.Duration         { return 0 }
func (fed) Busy(time.Time) time.Duration    { return 0 }
func (fed) Level(*rtp.Packet) (uint8, bool) { return 0, false }
func (fed) Retransmitted() bool             { return false }
func (fed) RequestKeyFrame()                {}
func (fed) LimitBitrate(int)                {}
