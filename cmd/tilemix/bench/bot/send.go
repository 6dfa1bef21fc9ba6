package bot

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// outbound is one stream that a bot sends. The goroutine that sends owns it.
type outbound struct {
	ssrc   uint32
	clock  int64 // ticks a second
	seq    uint16
	header rtp.Header // scratch
	plain  [1600]byte // scratch

	timestamp     uint32
	stamped       int64 // when timestamp was, ns since the epoch
	packets, size uint32
	next          int // packet of the voice
}

// begin sets the timestamp of what is sent at a time.
func (o *outbound) begin(at int64) {
	o.timestamp, o.stamped = uint32(at/1000*(o.clock/1000)/1000), at
}

// sendPicture sends the clip's next picture, or what is next of it.
func (b *Bot) sendPicture(at int64) int64 {
	if len(b.paced.rest) == 0 && !b.beginPicture(at) {
		return int64(time.Second) / int64(b.Clip.FrameRate)
	}
	now := b.paced.rest[:min(b.paced.group, len(b.paced.rest))]
	b.paced.rest = b.paced.rest[len(now):]
	for i, p := range now {
		header := b.video.plain[:20]
		header[1] = videoPT
		if len(b.paced.rest) == 0 && i == len(now)-1 {
			header[1] |= 0x80
			b.shown.add(b.picture) // before the system call: a late bot must not look like a fast server
		}
		// One extension of two bytes (RFC 8285 §4.2), padded.
		copy(header[12:], []byte{0xbe, 0xde, 0, 1, numberExt<<4 | 1, byte(b.number >> 8), byte(b.number), 0})
		b.put(&b.video, header, p)
		if !b.Bursts {
			b.flush()
		}
	}
	b.flush()
	if len(b.paced.rest) > 0 {
		b.paced.left -= paceStep
		return paceStep
	}
	b.pictures.Add(1)
	b.picture = (b.picture + b.sending.Every) % len(b.Clip.Keys)
	return b.paced.left
}

// beginPicture chooses the next picture, and returns false if none is wanted.
func (b *Bot) beginPicture(at int64) bool {
	v := b.wanted.Load()
	if v == nil {
		b.sending = nil
		return false
	}
	if b.keyWanted.Swap(false) || v != b.sending {
		b.picture, b.sending = b.Clip.nextKey(b.picture), v
	}
	b.video.begin(at)
	payloads := v.Pictures[b.picture/v.Every]
	period := int64(time.Second) / int64(b.Clip.FrameRate) * int64(v.Every)
	b.paced = pace{rest: payloads, group: len(payloads), left: period}
	if !b.Bursts {
		b.paced.group = groupSize(payloads, v.Bitrate, period)
	}
	return true
}

// quietPeriod is the time between two packets of a silent microphone.
const quietPeriod = 400 * time.Millisecond

// sendSound sends the voice's next packet, or one of silence.
func (b *Bot) sendSound(at int64) int64 {
	packet, level, period := silence, byte(silentLevel), quietPeriod
	b.audio.begin(at)
	if v := b.Voice; v != nil {
		packet, level, period = v.Packets[b.audio.next], v.Levels[b.audio.next]|0x80, 20*time.Millisecond
	}
	header := b.audio.plain[:24]
	header[1] = audioPT
	copy(header[12:], []byte{0xbe, 0xde, 0, 2, levelExt << 4, level, numberExt<<4 | 1, byte(b.number >> 8), byte(b.number), 0, 0, 0})
	b.put(&b.audio, header, packet)
	if b.Voice != nil {
		b.said.add(b.audio.next)
	}
	b.flush()
	if v := b.Voice; v != nil {
		b.audio.next = (b.audio.next + 1) % len(v.Packets)
	}
	return int64(period)
}

// put completes a packet's header, encrypts it and queues it.
func (b *Bot) put(o *outbound, header, payload []byte) {
	b.number++
	o.seq++
	header[0] = 0x90
	binary.BigEndian.PutUint16(header[2:], o.seq)
	binary.BigEndian.PutUint32(header[4:], o.timestamp)
	binary.BigEndian.PutUint32(header[8:], o.ssrc)
	plain := append(header, payload...) // within o.plain
	const tag = 16
	batch := &b.crowd.batch
	if !batch.fits(len(plain) + tag) {
		b.flush()
	}
	place := batch.data[len(batch.data):]
	packet, err := b.encrypt.EncryptRTP(place, plain, &o.header)
	if err != nil {
		return
	}
	batch.data = append(batch.data, packet...)
	batch.add(len(packet))
	o.packets++
	b.packets.Add(1)
	o.size += uint32(len(payload))
}

// flush sends what is queued.
func (b *Bot) flush() {
	if b.crowd.wire.send(&b.crowd.batch, b.sendOOB, b.server) != nil {
		b.crowd.stats.failed.Add(1)
	}
}

// keep keeps the connection alive (RFC 7675).
func (b *Bot) keep(int64) int64 {
	b.check()
	return int64(keepAlive)
}

// lateness counts how late the bots were with sending.
type lateness struct {
	buckets         [len(lateBounds) + 1]atomic.Uint64
	skipped, failed atomic.Uint64
}

// lateBounds are the upper bounds of the buckets.
var lateBounds = [...]time.Duration{
	time.Millisecond / 4, time.Millisecond / 2, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond,
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

func (l *lateness) late(d time.Duration) {
	for i, bound := range lateBounds {
		if d <= bound {
			l.buckets[i].Add(1)
			return
		}
	}
	l.buckets[len(lateBounds)].Add(1)
}
