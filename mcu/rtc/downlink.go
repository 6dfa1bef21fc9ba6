package rtc

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
)

// Packets is one access unit or one block of sound, ready to be sent to any
// number of downlinks.
type Packets struct {
	// Payloads are RTP payloads. They belong to the caller.
	Payloads [][]byte
	// Unit, where set, is where Payloads lie. A downlink may retain it, to send
	// later or again.
	Unit *Unit
	// Timestamp counts in the codec's clock from a start of the sender's choice.
	Timestamp uint32
	// At is the instant of Timestamp. Sound and picture of a room share a clock,
	// and by it receivers keep them together.
	At time.Time
	// Key says that a receiver can start here. All sound is key.
	Key bool
}

// Downlink is one stream from a room to a participant. It gives every packet
// its own SSRC, sequence number and timestamp, so that whatever it is fed from,
// one unbroken stream leaves (RFC 3550 §5.1).
//
// Write is for one goroutine; the rest is safe for concurrent use. What Write is
// given leaves at once while the line is known to be wide or not known to be
// narrow, else in steps, see outbox.
type Downlink struct {
	kind webrtc.RTPCodecType
	line *line
	out  atomic.Pointer[outlet]
	open atomic.Bool

	packets, bytes, errors atomic.Uint64
	reports                senderReports
	lost                   atomic.Uint64 // bits of a float64, of reception reports

	// Owned by the goroutine that calls Write.
	base    uint32
	current *outlet
	started bool
	shelf   Shelf // for what is in nobody's

	waiting atomic.Bool // in the wheel
	next    *Downlink   // there
	outbox
}

// outlet is where a negotiated track writes to.
type outlet struct {
	writer     webrtc.TrackLocalWriter
	ssrc       uint32
	pt         uint8
	repeatSSRC uint32 // RFC 4588; 0: repeats are plain
	repeatPT   uint8
	numberID   uint8      // of the extension with transport-wide numbers; 0: none
	codec      codec.Kind // of a picture
}

func newDownlink(kind webrtc.RTPCodecType, line *line) *Downlink {
	d := &Downlink{kind: kind, line: line, base: rand.Uint32()}
	d.header = rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}
	d.repeat.header = rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}
	return d
}

// Write sends p; it never blocks. Until the connection stands nothing is sent,
// and the first to be sent is a key access unit. So it is after the line could
// not keep up. It returns whether p was taken.
func (d *Downlink) Write(p Packets) bool {
	out := d.out.Load()
	if out == nil || !d.open.Load() {
		d.started = false
		return false
	}
	if out != d.current {
		d.current, d.started = out, false
	}
	if !d.started && !p.Key {
		return false
	}
	if p.Unit == nil {
		p.Unit = d.shelf.Put(p.Payloads)
		p.Payloads = p.Unit.Payloads()
		defer p.Unit.Release()
	}
	d.started = d.post(parcel{Packets: p, out: out})
	return d.started
}

// Waits tells, to the goroutine that writes, whether the downlink is open and
// needs a key access unit to begin. One whose line could not keep up does so only
// after that has got rid of what waits.
func (d *Downlink) Waits() bool {
	if !d.Ready() || d.started && d.out.Load() == d.current {
		return false
	}
	return d.pending() == 0
}

// Ready tells whether the downlink is negotiated and the connection stands.
func (d *Downlink) Ready() bool { return d.out.Load() != nil && d.open.Load() }

// Sent returns the packets and bytes that were sent and the writes that failed.
func (d *Downlink) Sent() (packets, bytes, errors uint64) {
	return d.packets.Load(), d.bytes.Load(), d.errors.Load()
}

// Held returns how many access units the line was too narrow for.
func (d *Downlink) Held() uint64 { return d.held.Load() }

// Codec returns what the picture is to be encoded in: H.264 where the offer has one
// that we can speak, else VP8. It is none before it is negotiated, and for sound.
func (d *Downlink) Codec() codec.Kind {
	if out := d.out.Load(); out != nil {
		return out.codec
	}
	return 0
}

// Bind is called by pion when the track is negotiated.
func (d *Downlink) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		kind := pictureKind(p.RTPCodecCapability)
		if d.kind == webrtc.RTPCodecTypeVideo && kind != 0 ||
			d.kind == webrtc.RTPCodecTypeAudio && strings.EqualFold(p.MimeType, webrtc.MimeTypeOpus) {
			out := &outlet{writer: c.WriteStream(), ssrc: uint32(c.SSRC()), pt: uint8(p.PayloadType), codec: kind}
			out.repeats(c)
			for _, x := range c.HeaderExtensions() {
				if x.URI == sdp.TransportCCURI {
					out.numberID = uint8(x.ID)
				}
			}
			d.out.Store(out)
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// repeats finds the payload type of retransmissions (RFC 4588 §8.6).
func (o *outlet) repeats(c webrtc.TrackLocalContext) {
	apt := fmt.Sprintf("apt=%d", o.pt)
	for _, codec := range c.CodecParameters() {
		if strings.EqualFold(codec.MimeType, webrtc.MimeTypeRTX) && codec.SDPFmtpLine == apt {
			o.repeatSSRC, o.repeatPT = uint32(c.SSRCRetransmission()), uint8(codec.PayloadType)
		}
	}
}

// Unbind is called by pion when the track ends.
func (d *Downlink) Unbind(webrtc.TrackLocalContext) error {
	d.out.Store(nil)
	d.forget()
	return nil
}

// ID is the name of the track in the SDP.
func (d *Downlink) ID() string { return d.kind.String() }

// RID is empty: there is no simulcast downlink.
func (d *Downlink) RID() string { return "" }

// StreamID names the stream that both downlinks of a peer belong to, so that
// receivers keep sound and picture together.
func (d *Downlink) StreamID() string { return "mix" }

// Kind is audio or video.
func (d *Downlink) Kind() webrtc.RTPCodecType { return d.kind }
