package ingest

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/jitter"
)

const (
	maxVoicePayload = 1500
	// usualVoicePayload holds most packets: 64 kbit/s at 20 ms.
	usualVoicePayload = 192
	// pausePayload is the length of the packets with which Opus goes silent (DTX).
	pausePayload = 2
	// maxVoiceSamples is the longest packet, 120 ms.
	maxVoiceSamples = 120 * pcm.Rate / 1000
)

// Voice is one inbound audio track.
//
//	track ──▶ Push ──▶ ring of packets ──▶ Pull ──▶ jitter buffer ──▶ decode ──▶ pcm.Block
//	          receive half                 play half: the sound clock, every 20 ms
//
// It is two halves, each of which belongs to one goroutine; neither ever waits for
// the other. The ring between them is bounded: when the play half does not keep
// up, the newest packets are dropped and counted. Neither half allocates in
// steady state.
type Voice struct {
	ring   ring
	count  counters
	sender senderClock
	lag    soundLag

	// The play half's.
	dec     codec.AudioDecoder
	buf     jitter.Buffer
	rest    remainder
	lanes   lanes
	second  pcm.Block // to be accelerated
	before  pcm.Block // was played last, if sounded
	sounded bool
	spare   pcm.Block // what fades out
	wsola   pcm.Stretcher
	sounds  bool  // the sound played last has not faded out
	usual   int   // samples of the packet decoded last
	level   uint8 // of the block being filled: the sender's, when said
	said    bool
	levels  levels
	quiet   bool // was the block played last
}

// NewVoice returns a voice that nothing has been heard of. It owns dec.
func NewVoice(dec codec.AudioDecoder) *Voice {
	return &Voice{dec: dec, sender: senderClock{rate: pcm.Rate}}
}

// NewStereoVoice is NewVoice for a voice that stays stereo where the sender sends stereo and the
// decoder is an opus.Decoder: see Sides.
func NewStereoVoice(dec codec.AudioDecoder) *Voice {
	v := NewVoice(dec)
	v.lanes.dec, _ = dec.(sidesDecoder)
	return v
}

// Sides returns what the block that Pull returned last leaves out of a voice that is stereo: the
// left channel is the block + rest + side, and the right one the block + rest - side. rest is
// silent but for channels that are opposites. Both are nil for a voice that is mono so far. They
// are for the caller to change until the next Pull.
func (v *Voice) Sides() (side, rest *pcm.Block) { return v.lanes.blocks() }

// Close closes the decoder. Both halves have stopped before.
func (v *Voice) Close() error { return v.dec.Close() }

// Report takes what a sender report says: the sender's time, in NTP's 32.32 fixed
// point, of a timestamp (RFC 3550 §6.4.1). By it pictures are kept with the sound. It
// is for one goroutine, which need be neither half's.
func (v *Voice) Report(ntp uint64, timestamp uint32) { v.sender.set(ntp, timestamp) }

// Captured returns what the sender's clock said as a timestamp was taken, zero before
// the first report. It is safe for concurrent use.
func (v *Voice) Captured(timestamp uint32) time.Time { return v.sender.captured(timestamp) }

// VoicePacket is a packet of a track.
type VoicePacket struct {
	*rtp.Packet
	// Level is what the sender says of it (RFC 6464, -dBov), when HasLevel.
	Level    uint8
	HasLevel bool
	// Retransmitted packets were lost and asked for again.
	Retransmitted bool
}

// Push is the receive half: it takes a packet of the track that came at now, which is
// copied.
func (v *Voice) Push(pkt VoicePacket, now time.Time) {
	if len(pkt.Payload) == 0 { // padding alone
		return
	}
	v.count.received.Add(1)
	samples := opus.Samples(pkt.Payload)
	if samples == 0 || len(pkt.Payload) > maxVoicePayload {
		v.count.corrupt.Add(1)
		return
	}
	e := v.ring.back()
	if e == nil {
		v.count.dropped.Add(1)
		return
	}
	payload := slices.Grow(e.packet.Payload[:0], max(len(pkt.Payload), usualVoicePayload))
	payload = append(payload, pkt.Payload...)
	e.time = now
	e.packet = jitter.Packet{
		SSRC:          pkt.SSRC,
		Seq:           pkt.SequenceNumber,
		Timestamp:     pkt.Timestamp,
		Samples:       samples,
		Level:         min(pkt.Level, pcm.Silence),
		HasLevel:      pkt.HasLevel,
		Retransmitted: pkt.Retransmitted,
		Pause:         len(payload) <= pausePayload,
		FEC:           opus.HasFEC(payload),
		Payload:       payload,
	}
	v.ring.push()
}

// Pull is the play half: it writes the next 20 ms to dst and returns their level in
// -dBov, the sender's where the sender says it and measured otherwise. ok is false, dst
// silent and the cost next to nothing when there is nothing to play.
func (v *Voice) Pull(dst *pcm.Block, now time.Time) (level uint8, ok bool) {
	for e := v.ring.front(); e != nil; e = v.ring.front() {
		v.buf.Push(e.packet, e.time)
		v.ring.pop()
	}
	v.said = false
	v.buf.Raise(time.Duration(v.lag.wanted.Load()))
	switch v.buf.Adjust(v.rest.n, now) {
	case jitter.ExpandQuiet:
		ok = v.concealQuiet(dst, now)
	case jitter.Expand:
		if ok = v.fill(dst, now); ok {
			v.expand(dst)
		}
	case jitter.AccelerateQuiet:
		if ok = v.fill(dst, now); ok && pcm.Level(dst[:]) >= quietLevel {
			v.accelerate(dst, now)
		}
	case jitter.Accelerate:
		if ok = v.fill(dst, now); ok {
			v.accelerate(dst, now)
		}
	default:
		ok = v.fill(dst, now)
	}
	v.count.publish(&v.buf, v.rest.n, now)
	v.publishLag(ok, now)
	if v.sounded = ok; ok {
		v.before = *dst
		v.lanes.keep()
	}
	if !ok {
		v.count.hear(pcm.Silence)
		return pcm.Silence, false
	}
	measured := pcm.Level(dst[:])
	v.count.hear(measured)
	v.quiet = measured >= quietLevel
	if v.said {
		return v.levels.level(v.level, measured), true
	}
	return measured, true
}

// Stats returns the counters. It is safe to call from any goroutine.
func (v *Voice) Stats() VoiceStats { return v.count.stats() }

// counters are written by one half each and read by anyone.
type counters struct {
	received, corrupt, dropped atomic.Uint64 // receive half
	undecodable, refused       atomic.Uint64 // play half
	skipped, late, duplicate   atomic.Uint64 // the buffer's, published
	lost, recovered, concealed atomic.Uint64
	restarts                   atomic.Uint64
	delay, target              atomic.Int64
	sounding, clipped          atomic.Uint64
	power                      atomic.Uint64 // of the last second, bits of a float64; 1 is full scale
}

// ringPlaces is how many packets the ring holds: a network that stalls for 2.5 s
// and then delivers all at once loses nothing of it.
const ringPlaces = 128

// ring is a queue between one goroutine that pushes and one that pops. The
// entries stay where they are, so that their payloads' memory is used again.
type ring struct {
	entries [ringPlaces]entry
	pushed  atomic.Uint32
	popped  atomic.Uint32
}

type entry struct {
	packet jitter.Packet
	time   time.Time
}

// back returns the entry to write, which push hands over, or nil when the ring is
// full.
func (r *ring) back() *entry {
	n := r.pushed.Load()
	if n-r.popped.Load() == ringPlaces {
		return nil
	}
	return &r.entries[n%ringPlaces]
}

func (r *ring) push() { r.pushed.Add(1) }

// front returns the entry to read, which pop gives back, or nil when the ring is
// empty.
func (r *ring) front() *entry {
	n := r.popped.Load()
	if n == r.pushed.Load() {
		return nil
	}
	return &r.entries[n%ringPlaces]
}

func (r *ring) pop() { r.popped.Add(1) }
