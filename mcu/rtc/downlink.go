package rtc

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
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
// Write is for one goroutine; the rest is safe for concurrent use.
type Downlink struct {
	kind webrtc.RTPCodecType
	mime string
	rtcp func([]rtcp.Packet) error
	out  atomic.Pointer[outlet]
	open atomic.Bool

	packets, bytes, errors atomic.Uint64
	failed                 *atomic.Uint64 // errors of all downlinks

	// Owned by the goroutine that calls Write.
	header  rtp.Header
	base    uint32
	current *outlet
	started bool
	told    time.Time // of the last sender report
}

// outlet is where a negotiated track writes to.
type outlet struct {
	writer webrtc.TrackLocalWriter
	ssrc   uint32
	pt     uint8
}

func newDownlink(kind webrtc.RTPCodecType, mime string, send func([]rtcp.Packet) error, failed *atomic.Uint64) *Downlink {
	return &Downlink{
		rtcp:   send,
		failed: failed,
		kind:   kind,
		mime:   mime,
		base:   rand.Uint32(),
		header: rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())},
	}
}

// Write sends p; it never blocks. Until the connection stands nothing is sent,
// and the first to be sent is a key access unit. It returns whether p was sent.
func (d *Downlink) Write(p Packets) bool {
	out := d.out.Load()
	if out == nil || !d.open.Load() {
		d.started = false
		return false
	}
	if out != d.current {
		d.current, d.started = out, false
		d.header.SSRC, d.header.PayloadType = out.ssrc, out.pt
	}
	if !d.started && !p.Key {
		return false
	}
	d.started = true
	d.header.Timestamp = d.base + p.Timestamp
	for i, payload := range p.Payloads {
		d.header.Marker = d.kind == webrtc.RTPCodecTypeVideo && i == len(p.Payloads)-1
		d.header.SequenceNumber++
		d.header.Extension, d.header.Extensions = false, d.header.Extensions[:0]
		n, err := out.writer.WriteRTP(&d.header, payload)
		if err != nil {
			d.errors.Add(1)
			d.failed.Add(1)
			continue
		}
		d.packets.Add(1)
		d.bytes.Add(uint64(n))
	}
	if p.At.Sub(d.told) >= reportInterval {
		d.told = p.At
		d.report(p.At)
	}
	return true
}

// report sends a sender report (RFC 3550 §6.4.1).
func (d *Downlink) report(at time.Time) {
	_ = d.rtcp([]rtcp.Packet{&rtcp.SenderReport{
		SSRC:        d.header.SSRC,
		NTPTime:     ntp(at),
		RTPTime:     d.header.Timestamp,
		PacketCount: uint32(d.packets.Load()),
		OctetCount:  uint32(d.bytes.Load()),
	}})
}

// Waits tells, to the goroutine that writes, whether the downlink is open and
// needs a key access unit to begin.
func (d *Downlink) Waits() bool {
	return d.Ready() && (!d.started || d.out.Load() != d.current)
}

// Ready tells whether the downlink is negotiated and the connection stands.
func (d *Downlink) Ready() bool { return d.out.Load() != nil && d.open.Load() }

// Sent returns the packets and bytes that were sent and the writes that failed.
func (d *Downlink) Sent() (packets, bytes, errors uint64) {
	return d.packets.Load(), d.bytes.Load(), d.errors.Load()
}

// Bind is called by pion when the track is negotiated.
func (d *Downlink) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, codec := range c.CodecParameters() {
		if strings.EqualFold(codec.MimeType, d.mime) &&
			(d.kind == webrtc.RTPCodecTypeAudio || takesH264(codec.SDPFmtpLine)) {
			d.out.Store(&outlet{c.WriteStream(), uint32(c.SSRC()), uint8(codec.PayloadType)})
			return codec, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind is called by pion when the track ends.
func (d *Downlink) Unbind(webrtc.TrackLocalContext) error {
	d.out.Store(nil)
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
