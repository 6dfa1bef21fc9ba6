package media

import (
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
)

// Tap takes what each participant of a room sends, as it arrived, and is told when
// participants come and go. The room's loop calls Joined and Left; the goroutine of each
// track calls Picture and Sound, so several may be called at once. None may block. The
// bytes are valid during the call only.
type Tap interface {
	// Joined is called for those who are in the room, and for each who comes later.
	Joined(id, name string, at time.Duration)
	Left(id string, at time.Duration)
	// Picture takes an access unit (see codec.AccessUnit). Where n is not one more than
	// before, some are missing, and what follows needs them up to the next key frame. It
	// tells whether the tap needs a key frame now. Then the sender is asked for one, once a
	// second at most, so the next picture's answer makes up for a request that was lost.
	Picture(id string, kind codec.Kind, n uint64, au []byte, key bool, at Time) (needKey bool)
	// Sound takes an Opus packet. Packets come in the network's order: late, or twice.
	Sound(id string, packet []byte, at Time)
}

// Time is when media was taken, as far as the server knows.
type Time struct {
	Arrived   time.Duration // since the server's epoch; a picture's is that of a path without jitter
	Captured  time.Time     // by the sender's clock; zero before its first report
	Timestamp uint32        // RTP
}

// Source is a stream that feeds a participant without a connection: H.264 (RFC 6184), or
// Opus (RFC 7587). It is used by one goroutine.
type Source interface {
	// Read reads the next packet into p, in order, as soon as it is to be shown or heard. The
	// payload is valid until the next Read. It fails when the stream ends.
	Read(p *rtp.Packet) error
	// Reported returns the time, in NTP's 32.32 fixed point, of a timestamp, and
	// whether that is news. Picture and sound with the same clock are kept together.
	Reported() (ntp uint64, timestamp uint32, fresh bool)
}
