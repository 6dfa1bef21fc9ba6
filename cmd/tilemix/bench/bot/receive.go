package bot

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// checkEvery is one packet in how many is decrypted, to see that it can be.
const checkEvery = 64

// inbound is one stream that a bot receives. The goroutine that receives owns it,
// but for what is atomic.
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

// take handles a packet by its first byte (RFC 7983 §7).
func (b *Bot) take(p []byte, now time.Time) {
	switch {
	case len(p) < 12:
	case p[0] < 4:
		b.binding(p)
		if b.checked.Load() {
			select {
			case b.crowd.answered <- struct{}{}:
			default:
			}
		}
	case p[0] >= 20 && p[0] < 64:
		_, _ = b.inbox.Write(p, nil)
	case p[0] >= 128 && p[0] < 192:
		keys := b.decrypt.Load()
		switch pt := p[1] & 0x7f; {
		case keys == nil:
		case p[1] >= 192 && p[1] < 224:
			b.report(p, keys, now)
		case pt == videoPT:
			b.see(p, keys, now)
		case pt == audioPT:
			b.hear(p, keys, now)
		}
	}
}

// count follows sequence numbers and returns whether packets are missing before
// this one.
func (s *inbound) count(p []byte) (stamp uint32, gap bool) {
	seq := binary.BigEndian.Uint16(p[2:])
	stamp = binary.BigEndian.Uint32(p[4:])
	n := s.packets.Add(1)
	s.bytes.Add(uint64(len(p)))
	if n == 1 {
		s.ssrc.Store(binary.BigEndian.Uint32(p[8:]))
		s.highest.Store(uint32(seq))
	} else if step := int16(seq - s.seq); step != 1 {
		if step <= 0 {
			return stamp, false // late or twice: neither a gap nor news
		}
		s.lost.Add(uint64(step - 1))
		gap = true
	}
	if n > 1 {
		s.highest.Add(uint32(seq - s.seq))
	}
	s.seq = seq
	return stamp, gap
}

// whole is called with each unit that came whole.
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

// open decrypts a packet where that is wanted. It returns nil where not.
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
func (b *Bot) see(p []byte, keys *remoteKeys, now time.Time) {
	s := &b.videoIn
	stamp, gap := s.count(p)
	if gap {
		s.cracked = true
		b.repair.Store(true)
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
		s.whole(b.born, now)
		s.keep(s.unit, stamp, now)
	}
	s.cracked, s.unit = false, s.unit[:0]
}

// hear counts a packet of sound, which is a unit.
func (b *Bot) hear(p []byte, keys *remoteKeys, now time.Time) {
	s := &b.audioIn
	stamp, _ := s.count(p)
	if s.started && stamp-s.stamp != 960 {
		s.leaps.Add(1)
	}
	s.stamp = stamp
	payload := s.open(p, keys)
	s.whole(b.born, now)
	s.keep(payload, stamp, now)
}

// keep keeps a unit, where it is to be.
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

// report reads what the server says of the streams.
func (b *Bot) report(p []byte, keys *remoteKeys, now time.Time) {
	plain, err := keys.reports.DecryptRTCP(nil, p, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		return
	}
	for _, packet := range packets {
		switch r := packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			b.keyAsked.Add(1)
			b.keyWanted.Store(true)
		case *rtcp.SenderReport:
			for _, s := range []*inbound{&b.videoIn, &b.audioIn} {
				if s.ssrc.Load() == r.SSRC {
					s.reported.Store(int64(r.NTPTime >> 16 & 0xffffffff))
					s.reportedAt.Store(int64(now.Sub(b.crowd.epoch)))
				}
			}
		}
	}
}
