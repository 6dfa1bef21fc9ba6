package bot

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// sender sends a bot's picture and sound. The goroutine that sends owns it, but for
// atomics and memories.
type sender struct {
	options *Options
	crowd   *Crowd
	path    *path
	wishes  *wishes
	oob     []byte        // names the bot's address; wire.send writes to it
	encrypt *srtp.Context // set before the crowd runs the first task

	video, audio outbound
	sending      *Variant
	picture      int
	paced        pace
	number       uint16        // transport-wide
	late         int64         // ns by which the picture is late
	pictures     atomic.Uint64 // sent so far
	packets      atomic.Uint64 // sent so far
	shown, said  *memory
}

// outbound is one stream that a bot sends. Its sender owns it.
type outbound struct {
	ssrc   uint32
	clock  int64 // ticks a second
	seq    uint16
	header rtp.Header // scratch
	plain  [1600]byte // scratch

	timestamp     uint32
	stamped       int64 // time of timestamp, ns since the epoch
	packets, size uint32
	next          int // packet of the voice
}

// begin sets the timestamp of a picture or packet that the bot sends at a time.
func (o *outbound) begin(at int64) {
	o.timestamp, o.stamped = uint32(at/1000*(o.clock/1000)/1000), at
}

// sendPicture is the task that sends the clip's next picture, or the next packets of it.
func (s *sender) sendPicture(at int64) int64 {
	if len(s.paced.rest) == 0 && !s.beginPicture(at) {
		return int64(time.Second) / int64(s.options.Clip.FrameRate)
	}
	now := s.paced.rest[:min(s.paced.group, len(s.paced.rest))]
	s.paced.rest = s.paced.rest[len(now):]
	for i, p := range now {
		header := s.video.plain[:20]
		header[1] = videoPT
		if len(s.paced.rest) == 0 && i == len(now)-1 {
			header[1] |= 0x80
			s.shown.add(s.picture) // before the system call, because a late bot must not look like a fast server
		}
		// One extension of two bytes (RFC 8285 §4.2), padded.
		copy(header[12:], []byte{0xbe, 0xde, 0, 1, numberExt<<4 | 1, byte(s.number >> 8), byte(s.number), 0})
		s.put(&s.video, header, p)
		if !s.options.Bursts {
			s.flush()
		}
	}
	s.flush()
	if len(s.paced.rest) > 0 {
		s.paced.left -= paceStep
		return paceStep
	}
	s.pictures.Add(1)
	s.picture = (s.picture + s.sending.Every) % len(s.options.Clip.Keys)
	return s.delay(s.paced.left)
}

// delay returns how long after this picture the next one is sent that would be left ns later, if
// both were in time.
func (s *sender) delay(left int64) int64 {
	if s.options.Jitter <= 0 {
		return left
	}
	left -= s.late
	s.late = max(rand.Int64N(int64(s.options.Jitter)), -left)
	return left + s.late
}

// beginPicture chooses the next picture. It returns false if the server wants none.
func (s *sender) beginPicture(at int64) bool {
	v := s.wishes.variant.Load()
	if v == nil {
		s.sending = nil
		return false
	}
	if s.wishes.key.Swap(false) || v != s.sending {
		s.picture, s.sending = s.options.Clip.nextKey(s.picture), v
	}
	s.video.begin(at - s.late)
	payloads := v.Pictures[s.picture/v.Every]
	period := int64(time.Second) / int64(s.options.Clip.FrameRate) * int64(v.Every)
	s.paced = pace{rest: payloads, group: len(payloads), left: period}
	if !s.options.Bursts {
		s.paced.group = groupSize(payloads, v.Bitrate, period)
	}
	return true
}

// quietPeriod is the time between two packets of a silent microphone.
const quietPeriod = 400 * time.Millisecond

// sendSound is the task that sends the voice's next packet, or one of silence.
func (s *sender) sendSound(at int64) int64 {
	packet, level, period := silence, byte(silentLevel), quietPeriod
	s.audio.begin(at)
	if v := s.options.Voice; v != nil {
		packet, level, period = v.Packets[s.audio.next], v.Levels[s.audio.next]|0x80, 20*time.Millisecond
	}
	header := s.audio.plain[:24]
	header[1] = audioPT
	copy(header[12:], []byte{0xbe, 0xde, 0, 2, levelExt << 4, level, numberExt<<4 | 1, byte(s.number >> 8), byte(s.number), 0, 0, 0})
	s.put(&s.audio, header, packet)
	if s.options.Voice != nil {
		s.said.add(s.audio.next)
	}
	s.flush()
	if v := s.options.Voice; v != nil {
		s.audio.next = (s.audio.next + 1) % len(v.Packets)
	}
	return int64(period)
}

// put completes a packet's header, encrypts it and queues it.
func (s *sender) put(o *outbound, header, payload []byte) {
	s.number++
	o.seq++
	header[0] = 0x90
	binary.BigEndian.PutUint16(header[2:], o.seq)
	binary.BigEndian.PutUint32(header[4:], o.timestamp)
	binary.BigEndian.PutUint32(header[8:], o.ssrc)
	plain := append(header, payload...) // within o.plain
	const tag = 16
	batch := &s.crowd.batch
	if !batch.fits(len(plain) + tag) {
		s.flush()
	}
	place := batch.data[len(batch.data):]
	packet, err := s.encrypt.EncryptRTP(place, plain, &o.header)
	if err != nil {
		return
	}
	batch.data = append(batch.data, packet...)
	batch.add(len(packet))
	o.packets++
	s.packets.Add(1)
	o.size += uint32(len(payload))
}

// flush sends the packets that put has queued.
func (s *sender) flush() {
	if s.crowd.wire.send(&s.crowd.batch, s.oob, s.path.server) != nil {
		s.crowd.stats.failed.Add(1)
	}
}
