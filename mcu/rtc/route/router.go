package route

import (
	"image"
	"io"
	"math"
	"sync"
	"time"

	"github.com/pion/transport/v5/packetio"
)

const (
	// maxLanes bounds the SSRCs of a client that are looked at.
	maxLanes = 64
	// takeover is how long a stream has to be silent until another SSRC of its section is
	// taken for the same stream begun anew.
	takeover = 300 * time.Millisecond
)

// Events are what a Router tells. They are called with its lock held, from the goroutine that
// decrypts, and must not call it. None may be nil.
type Events struct {
	// Begin is called with each stream that begins.
	Begin func(*Stream)
	// Unbound is called with the first packet of each SSRC that belongs to nothing.
	Unbound func(ssrc uint32, payloadType uint8, why Reason)
	// Dropped counts one packet that belongs to nothing.
	Dropped func(why Reason)
	// Arrived is called with each packet that has a transport-wide number.
	Arrived func(ssrc uint32, number uint16, now time.Time)
	// KeyFrame asks the sender of an SSRC for a key frame.
	KeyFrame func(ssrc uint32)
}

// Router takes all packets that one client sends. It is safe for concurrent use.
type Router struct {
	events Events
	now    func() time.Time

	mu      sync.Mutex
	table   *Table
	lanes   map[uint32]*lane
	waiting map[uint32]*Report // came before their stream
	active  map[string]*Stream // by mid
	layers  map[string]*layers // by mid
	want    image.Point
	closed  bool
}

// New returns a router that has no table yet. now tells it when a packet has come, and is
// called from the goroutines that decrypt.
func New(events Events, now func() time.Time) *Router {
	return &Router{
		events: events, now: now, table: &Table{}, lanes: map[uint32]*lane{}, waiting: map[uint32]*Report{},
		active: map[string]*Stream{}, layers: map[string]*layers{},
	}
}

// Buffer is what pion is to write the packets of an SSRC to.
func (r *Router) Buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		return newReports(r, ssrc)
	}
	return &lane{router: r, ssrc: ssrc}
}

// Accept begins to work by another table. Streams of sections that it lacks end; a section that
// stays keeps its streams.
func (r *Router) Accept(t *Table) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table = t
	for mid, stream := range r.active {
		if after := t.section(mid); after == nil || after.Video != stream.Section().Video || after.Screen != stream.Section().Screen {
			r.end(stream)
		} else {
			stream.section.Store(after)
		}
	}
	for _, l := range r.lanes {
		if l.section = t.section(l.mid()); l.section == nil || l.stream == nil {
			l.unbind()
		}
	}
}

// Want says how large the picture is shown, in pixels; zero means that no one sees it. The
// smallest layer that covers it is read, from its next key frame on.
func (r *Router) Want(tile image.Point) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want = tile
}

// Close ends all streams.
func (r *Router) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, stream := range r.active {
		r.end(stream)
	}
}

// end ends a stream, with the lock held.
func (r *Router) end(stream *Stream) {
	stream.close()
	delete(r.active, stream.Section().Mid)
	for _, l := range r.lanes {
		if l.stream == stream {
			l.stream = nil
			l.fast.Store(nil)
			if len(stream.Section().RIDs) == 0 {
				l.unbind()
			}
		}
	}
}

// report takes a sender report, which may come before its stream.
func (r *Router) report(ssrc uint32, report *Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lanes[ssrc]; l != nil && l.stream != nil && !l.repair {
		l.stream.report.Store(report)
	}
	if _, known := r.waiting[ssrc]; known || len(r.waiting) < maxLanes {
		r.waiting[ssrc] = report
	}
}

// packet takes one packet of a lane.
func (r *Router) packet(l *lane, packet []byte, header int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if l.section == nil && !r.bind(l, now) {
		r.refuse(l)
		return
	}
	l.last = now
	l.arrived(l.section, now)
	format, ok := l.section.Formats[l.header.PayloadType]
	switch {
	case !ok:
		l.why = NoFormat
		r.refuse(l)
	case format.Repair:
		r.repair(l, packet, header, format, now)
	case len(l.section.RIDs) > 0:
		r.layer(l, packet, header, format, now)
	case l.stream != nil:
		l.stream.push(packet, false, now)
	}
}

// refuse counts a packet that belongs to nothing, and logs the first.
func (r *Router) refuse(l *lane) {
	r.events.Dropped(l.why)
	if !l.told {
		l.told = true
		r.events.Unbound(l.ssrc, l.header.PayloadType, l.why)
	}
}

// repair puts a repair back into the stream that it repairs.
func (r *Router) repair(l *lane, packet []byte, header int, format PayloadFormat, now time.Time) {
	stream := r.original(l)
	if stream == nil {
		return // of a layer that is not read, or before its stream
	}
	if whole := l.unwrap(packet, header, format.Repairs, stream.ssrc); whole != nil {
		stream.push(whole, true, now)
	}
}

// original finds the stream that a lane of repairs repairs.
func (r *Router) original(l *lane) *Stream {
	stream := r.active[l.section.Mid]
	switch {
	case stream == nil:
		return nil
	case l.repairs != 0 && l.repairs != stream.ssrc:
		return nil
	case l.rid != "" && l.rid != stream.rid:
		return nil
	}
	return stream
}

// layer takes a packet of a layer. The stream gets it if the layer is read. Otherwise the
// router looks for a key frame, with which it can begin to read the layer.
func (r *Router) layer(l *lane, packet []byte, header int, format PayloadFormat, now time.Time) {
	payload := packet[min(header, len(packet)):]
	begins, dimensions := keyFrame(format.Codec, payload)
	if dimensions != (size{}) {
		l.size = dimensions
	}
	if l.stream != nil {
		l.stream.push(packet, false, now)
		r.look(l, now)
		return
	}
	best := r.layers[l.section.Mid].best(r.wanted(l), now)
	if best != l {
		return
	}
	if active := r.active[l.section.Mid]; !begins && active != nil {
		r.ask(l, now)
		return
	}
	if active := r.active[l.section.Mid]; active != nil {
		r.end(active)
	}
	r.start(l)
	l.stream.push(packet, false, now)
}

// wanted is how large a lane's picture is shown. Of a screen the largest layer is read.
func (r *Router) wanted(l *lane) image.Point {
	if l.section.Screen {
		return image.Pt(math.MaxInt32, math.MaxInt32)
	}
	return r.want
}

// look asks for the key frame with which a better layer begins, and for those that tell sizes.
func (r *Router) look(active *lane, now time.Time) {
	if best := r.layers[active.section.Mid].best(r.wanted(active), now); best != active {
		r.ask(best, now)
	}
	for _, l := range r.layers[active.section.Mid].all {
		if l.size == (size{}) && now.Sub(l.last) < layerSilence {
			r.ask(l, now)
		}
	}
}

// ask asks the sender of a layer for a key frame, unless that was done just now.
func (r *Router) ask(l *lane, now time.Time) {
	if now.Sub(l.asked) < layerAsk {
		return
	}
	l.asked = now
	r.events.KeyFrame(l.ssrc)
}
