package bot

import (
	"image"

	"github.com/pion/rtp/codecs"

	"tilemix/mcu/uplink"
)

// packetSize is the most bytes of a payload. With headers and SRTP's tag, packets are as
// large as those of browsers.
const packetSize = 1180

// Clip is a film that the bench encodes and packetizes once for all bots. It is read
// only.
type Clip struct {
	FrameRate int      // pictures a second
	Keys      []bool   // which pictures are IDRs, in every variant; the first is one
	Full      *Variant // what a camera sends if the server requests no less
	// Wished returns what a camera sends if the server requests the constraints. It may
	// encode, which takes a moment. Many goroutines call it.
	Wished func(uplink.Constraints) *Variant
}

// Variant is a clip at one size, frame rate and bitrate.
type Variant struct {
	Size     image.Point
	Bitrate  int        // bits a second
	Every    int        // 1: all pictures of the clip; n: every nth, and all IDRs
	Pictures [][][]byte // RTP payloads of each of its pictures (RFC 6184)
}

// Packetize returns the RTP payloads of an access unit (H.264, Annex B). They are copies.
func Packetize(au []byte) [][]byte {
	var p codecs.H264Payloader
	return p.Payload(packetSize, au)
}

// nextKey returns the first IDR at or after a picture.
func (c *Clip) nextKey(picture int) int {
	for n := range c.Keys {
		if at := (picture + n) % len(c.Keys); c.Keys[at] {
			return at
		}
	}
	return 0
}

// Voice is a sound in packets of 20 ms that the bench encodes once for all speakers. It
// is read only.
type Voice struct {
	Packets [][]byte // Opus
	Levels  []uint8  // -dBov of each (RFC 6464)
}

// silence is a packet without a frame (RFC 6716 §3.1, code 0). A microphone with
// discontinuous transmission sends one each quietPeriod.
var silence = []byte{0x48}

// silentLevel is -127 dBov.
const silentLevel = 127
