package route

import (
	"encoding/binary"
	"io"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// lane takes the packets of one SSRC from SRTP, which writes them in one goroutine.
type lane struct {
	router *Router
	ssrc   uint32
	header rtp.Header
	fast   atomic.Pointer[Stream] // takes all packets but repairs, without the lock; nil: see stream

	// All below is guarded by the router's lock.
	section *Section // nil: unbound
	repairs uint32   // the SSRC that this repairs; 0: none
	named   string   // the mid that a packet named last; "": none did
	rid     string   // of this, or of what it repairs, as a packet named it
	repair  bool
	stream  *Stream // that takes the packets; nil: none does
	why     Reason  // that it is unbound
	told    bool    // and that was logged
	size    size    // of the layer's pictures
	last    time.Time
	asked   time.Time // for a key frame
}

// Read returns no packet, because pion has nothing to do with it.
func (l *lane) Read([]byte) (int, error) { return 0, io.EOF }

// Close ends the lane's stream.
func (l *lane) Close() error {
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	if l.stream != nil && !l.repair {
		l.router.end(l.stream)
	}
	return nil
}

// Write takes a packet.
func (l *lane) Write(packet []byte) (int, error) {
	n, err := l.header.Unmarshal(packet)
	if err != nil {
		return len(packet), nil //nolint:nilerr // SRTP has read the header before, so there is no error
	}
	now := l.router.now()
	if stream := l.fast.Load(); stream != nil {
		section := stream.Section()
		if f, ok := section.Formats[l.header.PayloadType]; ok && !f.Repair {
			l.arrived(section, now)
			stream.push(packet, false, now)
			return len(packet), nil
		}
	}
	l.router.packet(l, packet, n, now)
	return len(packet), nil
}

// arrived tells of a packet that has a transport-wide number.
func (l *lane) arrived(s *Section, now time.Time) {
	if s.ArrivalID == 0 {
		return
	}
	if x := l.header.GetExtension(s.ArrivalID); len(x) >= 2 {
		l.router.events.Arrived(l.ssrc, uint16(x[0])<<8|uint16(x[1]), now)
	}
}

// mid returns the section that the lane is of, or "".
func (l *lane) mid() string {
	if l.section == nil {
		return ""
	}
	return l.section.Mid
}

// unbind has the next packet find anew what the lane is of. What packets named stays known.
func (l *lane) unbind() {
	l.section, l.repairs, l.repair, l.why = nil, 0, false, ""
}

// name learns from a packet's own names what the lane is of, and returns them.
func (l *lane) name(s *Section) (mid, rid, repaired string) {
	for _, x := range []struct {
		id uint8
		to *string
	}{{s.MidID, &mid}, {s.StreamID, &rid}, {s.RepairedID, &repaired}} {
		if x.id != 0 {
			*x.to = string(l.header.GetExtension(x.id))
		}
	}
	return mid, rid, repaired
}

// unwrap makes of a repair the packet that it repairs (RFC 4588 §4), in place. It returns nil
// for one that has nothing in it, as a sender probes a path with.
func (l *lane) unwrap(packet []byte, header int, pt uint8, ssrc uint32) []byte {
	end := len(packet)
	if l.header.Padding && end > header {
		end -= int(packet[end-1])
	}
	if end < header+2 {
		return nil
	}
	sequence := binary.BigEndian.Uint16(packet[header:])
	copy(packet[header:], packet[header+2:end])
	packet = packet[:end-2]
	packet[0] &^= 0x20 // no padding is left
	packet[1] = packet[1]&0x80 | pt
	binary.BigEndian.PutUint16(packet[2:], sequence)
	binary.BigEndian.PutUint32(packet[8:], ssrc)
	return packet
}
