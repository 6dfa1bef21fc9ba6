package send

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu/packet"
)

// kind is what a downlink carries.
type kind uint8

const (
	audio kind = iota + 1
	video
)

// clockRate is that of timestamps, in Hz.
func (k kind) clockRate() int64 {
	if k == audio {
		return pcm.Rate
	}
	return ticks.Video
}

// RTPWriter is where a negotiated track's packets go. It may not keep either argument.
type RTPWriter interface {
	WriteRTP(h *rtp.Header, payload []byte) (int, error)
}

// Binding is what was negotiated for a downlink. It is immutable.
type Binding struct {
	Writer         RTPWriter
	SSRC           uint32
	PayloadType    uint8
	RTXSSRC        uint32 // of retransmissions (RFC 4588); 0: they are of the same stream
	RTXPayloadType uint8
	TWCCID         uint8      // of the header extension with transport-wide numbers; 0: none
	Codec          codec.Kind // of a picture
	Stereo         bool       // the client asked for two channels of sound
}

// Downlink is one stream from a room to a participant. It gives every packet its own
// SSRC, sequence number and timestamp. So one unbroken stream leaves, whatever it is fed
// from (RFC 3550 §5.1).
//
// Write, Waits and Assign are for one goroutine, the clock that feeds the downlink. The
// other methods are safe for concurrent use. A unit is sent by the clock itself or by the
// Writer that the downlink is assigned to. It leaves at once while the path has shown no
// limit below unpacedRate, and is paced below it, see sender.
type Downlink struct {
	sender

	open    atomic.Bool
	dropped atomic.Uint64 // units that the path or the writer could not take
	jitter  atomic.Int64  // ns, as the client reported last

	// Owned by the clock.
	pool     packet.UnitPool // for units without a buffer
	assigned *Writer         // that is to send from the next unit on; nil: the clock
	writer   *Writer         // that sends; it is assigned once inFlight is 0
	missed   bool            // the writer could not take a unit, and has not been told

	inFlight atomic.Int32 // units that the writer has not sent yet

	// Owned by the clock while inFlight is 0, and otherwise by the writer.
	current *Binding
	started bool
}

// NewAudio returns a downlink of sound. It sends nothing before Bind and Open.
func NewAudio(path *Path) *Downlink { return newDownlink(audio, path) }

// NewVideo returns a downlink of pictures. It sends nothing before Bind and Open.
func NewVideo(path *Path) *Downlink { return newDownlink(video, path) }

func newDownlink(kind kind, path *Path) *Downlink {
	d := &Downlink{}
	d.init(kind, path)
	return d
}

// Assign has w send all further units, or the clock itself if w is nil. Units that
// another writer holds leave first, so the order stays.
func (d *Downlink) Assign(w *Writer) { d.assigned = w }

// Write sends p, or queues it; it never blocks. Nothing is sent before Bind and Open.
// The first unit sent is a key unit, and so is the first after one that the path or the
// writer could not take. Write returns whether p was taken; a writer may find out later
// that the path cannot take it.
func (d *Downlink) Write(p packet.Packets, now time.Time) bool {
	if d.writer != d.assigned && d.inFlight.Load() == 0 {
		d.writer = d.assigned
	}
	if !d.Ready() {
		return false
	}
	if p.Buffer == nil {
		p.Buffer = d.pool.Put(p.Payloads)
		p.Payloads = p.Buffer.Payloads()
		defer p.Buffer.Release()
	}
	if d.writer == nil {
		if d.missed {
			d.interrupt()
			d.missed = false
		}
		return d.send(p, now)
	}
	taken := d.writer.stage(d, p, d.missed)
	d.missed = !taken
	return taken
}

// send sends p now. It is for the owner of started.
func (d *Downlink) send(p packet.Packets, now time.Time) bool {
	to := d.binding.Load()
	if to == nil || !d.open.Load() {
		d.started = false
		return false
	}
	if to != d.current {
		d.current, d.started = to, false
	}
	if !d.started && !p.Key {
		return false
	}
	d.started = d.post(queuedUnit{Packets: p, to: to}, d.path.since(now))
	if !d.started {
		d.dropped.Add(1)
	}
	return d.started
}

// interrupt says that a unit is missing before the next one. It is for the owner of
// started.
func (d *Downlink) interrupt() {
	d.started = false
	d.dropped.Add(1)
}

// Waits returns whether the downlink is ready and needs a key unit to begin. After the
// path could not take a unit, it needs one only once its queue is empty.
func (d *Downlink) Waits() bool {
	if !d.Ready() || d.inFlight.Load() > 0 || d.started && d.binding.Load() == d.current {
		return false
	}
	return d.queue.pending() == 0
}

// Open lets the downlink send: the connection stands.
func (d *Downlink) Open() { d.open.Store(true) }

// Ready returns whether the downlink is bound and open.
func (d *Downlink) Ready() bool { return d.binding.Load() != nil && d.open.Load() }

// Bind sets what was negotiated.
func (d *Downlink) Bind(b Binding) { d.binding.Store(&b) }

// Settled tells whether no writer holds a unit of the downlink's.
func (d *Downlink) Settled() bool { return d.inFlight.Load() == 0 }

// HandOver drops what waits and what could be retransmitted, because another room's clock feeds
// the downlink from now on. What it writes goes on with the stream's sequence numbers and
// timestamps, and begins with a key unit. The clock that fed the downlink has let go of it, and
// the downlink is settled.
func (d *Downlink) HandOver(now time.Time) {
	d.assigned, d.writer, d.missed, d.started = nil, nil, false, false
	d.acquire()
	for p, _ := d.queue.first(); p != nil; p, _ = d.queue.first() {
		d.path.counters.Dropped.Add(1)
		d.queue.remove()
	}
	d.part, d.handed = 0, true
	d.rtx.history.clear()
	d.release(d.path.since(now))
}

// Unbind ends the stream. The downlink releases all that it kept for retransmission.
func (d *Downlink) Unbind(now time.Time) {
	d.binding.Store(nil)
	d.acquire()
	d.rtx.history.clear()
	d.release(d.path.since(now))
}

// Binding returns what was negotiated, or nil.
func (d *Downlink) Binding() *Binding { return d.binding.Load() }

// Stereo tells whether the client asked for two channels of sound.
func (d *Downlink) Stereo() bool {
	b := d.binding.Load()
	return b != nil && b.Stereo
}

// Codec returns what the picture is to be encoded in. It is 0 before Bind, and for
// sound.
func (d *Downlink) Codec() codec.Kind {
	if to := d.binding.Load(); to != nil {
		return to.Codec
	}
	return 0
}

// Stats counts what a downlink sent.
type Stats struct {
	Packets, Bytes uint64
	Errors         uint64 // packets that the connection did not take
	Dropped        uint64 // units that the path or the writer could not take
	// Jitter is what the client reported last of the stream, and Queue how long packets wait on the
	// path.
	Jitter, Queue time.Duration
}

// Stats returns the counters.
func (d *Downlink) Stats() Stats {
	return Stats{
		Packets: d.packets.Load(), Bytes: d.bytes.Load(), Errors: d.errors.Load(), Dropped: d.dropped.Load(),
		Jitter: time.Duration(d.jitter.Load()), Queue: time.Duration(d.path.queue.Load()),
	}
}

// Estimate returns how many bits a second the path carries for all that the participant
// receives, sound included. It is 0 while the path has shown no limit. It falls at once.
// It rises slowly while much is sent, or by probes.
func (d *Downlink) Estimate() int { return d.path.estimate() }

// Loss returns the fraction of packets that was lately lost on the path, 0 to 1.
func (d *Downlink) Loss() float64 { return d.loss() }

// RTT returns the round trip to the participant that was last reported, or 0.
func (d *Downlink) RTT() time.Duration { return time.Duration(d.path.rtt.Load()) }

// Probe asks for the path to be probed until Estimate reaches bps bits a second. The wish
// holds for probeWish. It does nothing where no limit has shown, or where the client
// reports no arrival times.
func (d *Downlink) Probe(bps int, now time.Time) {
	if rate := d.path.estimate(); rate == 0 || rate >= bps || !d.path.twcc.Load() {
		return
	}
	d.path.wish.Store(int64(bps))
	d.path.wished.Store(int64(d.path.since(now)))
	d.path.pacer.add(&d.sender)
}
