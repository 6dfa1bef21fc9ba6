package bot

import (
	"image"

	"github.com/pion/rtp/codecs"
)

// packetSize is the most bytes of a payload, so that with headers and SRTP's tag a
// packet is what browsers send.
const packetSize = 1180

// Clip is a film in several sizes, packetized once for all bots. It is read only.
type Clip struct {
	FrameRate int       // pictures a second
	Keys      []bool    // pictures that are IDRs, in every size; the first is
	Sizes     []Variant // largest first
}

// Variant is a clip at one size.
type Variant struct {
	Size     image.Point
	Bitrate  int        // bits a second
	Pictures [][][]byte // RTP payloads of each picture (RFC 6184)
}

// Packetize makes the payloads of an access unit. They are copies.
func Packetize(au []byte) [][]byte {
	var p codecs.H264Payloader
	return p.Payload(packetSize, au)
}

// generous is how much wider than asked for a picture may be: sizes come in steps
// and a little too large is better than much too small.
const generous = 1.15

// choose returns the largest variant that a server asks for by an uplink message,
// or the smallest there is. Zeroes ask for nothing.
func (c *Clip) choose(width, height, bitrate int) int {
	for i, v := range c.Sizes {
		tooLarge := width > 0 && float64(v.Size.X) > float64(width)*generous ||
			height > 0 && float64(v.Size.Y) > float64(height)*generous
		if !tooLarge && (bitrate <= 0 || float64(v.Bitrate) <= float64(bitrate)*generous) {
			return i
		}
	}
	return len(c.Sizes) - 1
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
