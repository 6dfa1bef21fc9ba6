package bot

import (
	"image"

	"github.com/pion/rtp/codecs"

	"tilemix/mcu/uplink"
)

// packetSize is the most bytes of a payload, so that with headers and SRTP's tag a
// packet is what browsers send.
const packetSize = 1180

// Clip is a film, encoded and packetized once for all bots. It is read only.
type Clip struct {
	FrameRate int      // pictures a second
	Keys      []bool   // pictures that are IDRs, in every variant; the first is
	Full      *Variant // what a camera sends that is not asked for less
	// Wished returns what a camera sends that is asked for a wish. It may take a
	// moment, and is called by many goroutines.
	Wished func(uplink.Constraints) *Variant
}

// Variant is a clip at one size, frame rate and bitrate.
type Variant struct {
	Size     image.Point
	Bitrate  int        // bits a second
	Every    int        // 1: it has all pictures of the clip; n: every nth, and all IDRs
	Pictures [][][]byte // RTP payloads of each picture that it has (RFC 6184)
}

// Packetize makes the payloads of an access unit. They are copies.
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

// Voice is a sound in packets of 20 ms, encoded once for all who speak. It is read
// only.
type Voice struct {
	Packets [][]byte // Opus
	Levels  []uint8  // -dBov of each (RFC 6464)
}

// Silence is how a microphone with discontinuous transmission sends silence: a
// packet without a frame (RFC 6716 §3.1, code 0) now and then.
var silence = []byte{0x48}

// silentLevel is -127 dBov.
const silentLevel = 127
