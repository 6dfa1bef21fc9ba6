package session

import (
	"errors"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/mcu/media"
)

// injected makes a track of a source, which can be asked for nothing.
type injected struct {
	media.Source
	session *Session
}

var errLeft = errors.New("the participant has left")

// Read fails too where the participant has left.
func (i injected) Read(p *rtp.Packet) error {
	if i.session.life.Err() != nil {
		return errLeft
	}
	return i.Source.Read(p)
}

// injectedScreen is a source that is a screen.
type injectedScreen struct{ injected }

// Screen says so.
func (injectedScreen) Screen() bool { return true }

func (injected) Codec() codec.Kind               { return codec.H264 }
func (injected) Patience() time.Duration         { return 0 }
func (injected) Busy(time.Time) time.Duration    { return 0 }
func (injected) Level(*rtp.Packet) (uint8, bool) { return 0, false }
func (injected) Retransmitted() bool             { return false }
func (injected) RequestKeyFrame()                {}
func (injected) LimitBitrate(int)                {}
