package bot

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/srtp/v3"
)

// checkEvery is the number of packets of which a bot decrypts one, to check that it can.
const checkEvery = 64

// receiver counts what a bot receives, and records it if Options.Record is set. The
// goroutine that receives owns it, but for atomics.
type receiver struct {
	wishes       *wishes
	born         time.Time
	epoch        time.Time // the crowd's
	keys         atomic.Pointer[remoteKeys]
	video, audio inbound
	repair       atomic.Bool // the bot needs a key frame of the mix
	feedback     *feedback   // nil: the bot sends none
}

// remoteKeys decrypt what the server sends. The goroutine that receives owns them.
type remoteKeys struct{ media, reports *srtp.Context }

// take reads an RTP or RTCP packet.
func (r *receiver) take(p []byte, now time.Time) {
	keys := r.keys.Load()
	switch pt := p[1] & 0x7f; {
	case keys == nil:
	case p[1] >= 192 && p[1] < 224:
		r.report(p, keys, now)
	case pt == videoPT:
		r.see(p, keys, now)
	case pt == audioPT:
		r.hear(p, keys, now)
	}
}

// inbound is one stream that a bot receives. Its receiver owns it, but for atomics.
type inbound struct {
	packets, bytes, lost, units, broken, leaps, undecipherable atomic.Uint64
	highest, ssrc                                              atomic.Uint32 // for reports
	reported, reportedAt                                       atomic.Int64  // the last sender report
	first                                                      atomic.Int64  // ns from birth to the first decodable unit
	longest                                                    atomic.Int64  // ns between two units

	seq     uint16
	stamp   uint32
	started bool
	cracked bool // the unit lacks a packet
	key     bool // the unit begins with a key frame
	last    time.Time

	header       rtp.Header
	plain        []byte
	depacketizer codecs.H264Packet
	unit         []byte
	record       bool
	recorded     []Unit
}

// count follows sequence numbers. It returns whether packets are missing before this
// one, and whether this one is late or a repeat.
func (s *inbound) count(p []byte) (stamp uint32, gap, old bool) {
	seq := binary.BigEndian.Uint16(p[2:])
	stamp = binary.BigEndian.Uint32(p[4:])
	n := s.packets.Add(1)
	s.bytes.Add(uint64(len(p)))
	if n == 1 {
		s.ssrc.Store(binary.BigEndian.Uint32(p[8:]))
		s.highest.Store(uint32(seq))
	} else if step := int16(seq - s.seq); step != 1 {
		if step <= 0 {
			return stamp, false, true
		}
		s.lost.Add(uint64(step - 1))
		gap = true
	}
	if n > 1 {
		s.highest.Add(uint32(seq - s.seq))
	}
	s.seq = seq
	return stamp, gap, false
}

// whole counts a complete unit.
func (s *inbound) whole(born, now time.Time) {
	s.units.Add(1)
	if !s.started {
		s.started = true
		s.first.Store(int64(now.Sub(born)))
	} else if d := int64(now.Sub(s.last)); d > s.longest.Load() {
		s.longest.Store(d)
	}
	s.last = now
}

// open decrypts a packet if the bot records, if no unit has arrived yet, or if it is one in
// checkEvery. It returns nil for other packets. The payload is valid until the next
// call.
func (s *inbound) open(p []byte, keys *remoteKeys) []byte {
	if s.started && !s.record && s.packets.Load()%checkEvery != 0 {
		return nil
	}
	plain, err := keys.media.DecryptRTP(s.plain[:0], p, &s.header)
	if err != nil {
		s.undecipherable.Add(1)
		return nil
	}
	s.plain = plain
	payload := plain[s.header.MarshalSize():]
	if s.header.Padding && len(payload) > 0 {
		payload = payload[:max(0, len(payload)-int(payload[len(payload)-1]))]
	}
	return payload
}

// see counts a packet of the picture.
func (r *receiver) see(p []byte, keys *remoteKeys, now time.Time) {
	s := &r.video
	if f := r.feedback; f != nil {
		f.packet(p, now)
		if after := s.seq; s.packets.Load() > 0 {
			if before := binary.BigEndian.Uint16(p[2:]); int16(before-after) > 1 {
				f.missing(s.ssrc.Load(), after, before)
			}
		}
	}
	stamp, gap, old := s.count(p)
	if old { // its picture is broken already, or complete
		return
	}
	if gap {
		s.cracked = true
		r.repair.Store(true)
	}
	if stamp != s.stamp {
		s.stamp, s.key = stamp, false
	}
	payload := s.open(p, keys)
	if !s.started && startsKey(payload) {
		s.key = true
	}
	if s.record && payload != nil {
		if part, err := s.depacketizer.Unmarshal(payload); err == nil {
			s.unit = append(s.unit, part...)
		}
	}
	if p[1]&0x80 == 0 {
		return
	}
	switch {
	case s.cracked:
		s.broken.Add(1)
	case s.started || s.key:
		s.whole(r.born, now)
		s.keep(s.unit, stamp, now)
	}
	s.cracked, s.unit = false, s.unit[:0]
}

// hear counts a packet of sound, which is a unit.
func (r *receiver) hear(p []byte, keys *remoteKeys, now time.Time) {
	s := &r.audio
	if r.feedback != nil {
		r.feedback.packet(p, now)
	}
	stamp, _, _ := s.count(p)
	if s.started && stamp-s.stamp != 960 {
		s.leaps.Add(1)
	}
	s.stamp = stamp
	payload := s.open(p, keys)
	s.whole(r.born, now)
	s.keep(payload, stamp, now)
}

// keep records a copy of a unit, if the bot records.
func (s *inbound) keep(unit []byte, stamp uint32, now time.Time) {
	if s.record {
		s.recorded = append(s.recorded, Unit{append([]byte(nil), unit...), stamp, now})
	}
}

// startsKey tells whether a payload is of an IDR or its parameter sets (RFC 6184
// §5.2).
func startsKey(p []byte) bool {
	if len(p) < 4 {
		return false
	}
	switch kind := p[0] & 0x1f; kind {
	case 24: // STAP-A
		return p[3]&0x1f == 7 || p[3]&0x1f == 5
	case 28: // FU-A
		return p[1]&0x1f == 5
	default:
		return kind == 5 || kind == 7
	}
}

// report reads the server's reports and its requests for an IDR.
func (r *receiver) report(p []byte, keys *remoteKeys, now time.Time) {
	plain, err := keys.reports.DecryptRTCP(nil, p, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		return
	}
	for _, packet := range packets {
		switch m := packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			r.wishes.requestKey()
		case *rtcp.SenderReport:
			for _, s := range []*inbound{&r.video, &r.audio} {
				if s.ssrc.Load() == m.SSRC {
					s.reported.Store(int64(m.NTPTime >> 16 & 0xffffffff))
					s.reportedAt.Store(int64(now.Sub(r.epoch)))
				}
			}
		}
	}
}
