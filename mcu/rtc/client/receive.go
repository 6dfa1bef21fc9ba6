package client

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	formats "github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"

	"tilemix/mcu/rtptime"
)

const (
	// window is how many packets are held while one is missing, giveUp how long.
	window = 1024
	giveUp = 500 * time.Millisecond
	// askAgain is how often a key frame is asked for.
	askAgain = time.Second
	// reportsBy is when a track is played by its arrival where no sender report came.
	reportsBy = 3 * time.Second
)

// watch reads the picture until it ends.
func (r *inbound) watch() {
	builder := samplebuilder.New(window, &formats.H264Packet{}, r.track.Codec().ClockRate, samplebuilder.WithMaxTimeDelay(giveUp))
	broken := true // until a key frame
	var asked time.Time
	r.read(builder, func(data []byte, timestamp uint32, dropped uint16) {
		r.count.Add(1)
		key := isKey(data)
		if dropped > 0 {
			broken = true
		}
		at, ok := r.instant(timestamp)
		broken = broken && (!key || !ok)
		if !broken && r.take != nil {
			r.take(Sample{Data: data, Key: key, At: at})
		}
		if broken && ok && time.Since(asked) > askAgain {
			asked = time.Now()
			_ = r.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(r.track.SSRC())}})
		}
	})
}

// hear reads the sound until it ends.
func (r *inbound) hear() {
	builder := samplebuilder.New(window, &formats.OpusPacket{}, r.track.Codec().ClockRate, samplebuilder.WithMaxTimeDelay(giveUp))
	r.read(builder, func(data []byte, timestamp uint32, _ uint16) {
		r.count.Add(1)
		if at, ok := r.instant(timestamp); ok && r.take != nil {
			r.take(Sample{Data: data, Key: true, At: at})
		}
	})
}

// isKey looks for a NAL unit of type 5 (H.264 Table 7-1).
func isKey(au []byte) bool {
	for i := 3; i < len(au); i++ {
		if au[i-3] == 0 && au[i-2] == 0 && au[i-1] == 1 && au[i]&0x1f == 5 {
			return true
		}
	}
	return false
}

// inbound is a track that comes. Its first sender report ties its timestamps to the
// server's clock for good, so that no later one makes the stream leap.
type inbound struct {
	track *webrtc.TrackRemote
	pc    *webrtc.PeerConnection
	take  func(Sample)   // nil drops what comes
	count *atomic.Uint64 // of units
	rate  int64
	began time.Time
	tie   atomic.Pointer[tie]

	report func(timestamp uint32, at time.Time) // takes sender reports instead; nil: nothing does
}

// tie says which instant a timestamp is.
type tie struct {
	timestamp uint32
	at        time.Time
}

// read hands on what comes, in order, until the track ends.
func (r *inbound) read(builder *samplebuilder.SampleBuilder, unit func([]byte, uint32, uint16)) {
	for {
		p, _, err := r.track.ReadRTP()
		if err != nil {
			return
		}
		r.arrive(p)
		builder.Push(p)
		for s := builder.Pop(); s != nil; s = builder.Pop() {
			unit(s.Data, s.PacketTimestamp, s.PrevDroppedPackets)
		}
	}
}

// maxDatagram is the longest packet that is read, in bytes.
const maxDatagram = 1500

// pass hands packets on as they come, until the track ends.
func (r *inbound) pass(take func(*rtp.Header, []byte)) {
	buf, h := make([]byte, maxDatagram), rtp.Header{}
	for {
		n, _, err := r.track.Read(buf)
		if err != nil {
			return
		}
		at, err := h.Unmarshal(buf[:n])
		if err != nil || at > n {
			continue
		}
		end := n
		if h.Padding && n > at {
			end -= int(buf[n-1])
		}
		if end > at {
			take(&h, buf[at:end])
		}
	}
}

// arrive ties timestamps to arrivals where the server says nothing of its clock.
func (r *inbound) arrive(p *rtp.Packet) {
	now := time.Now()
	if r.began.IsZero() {
		r.began = now
	}
	if now.Sub(r.began) > reportsBy && r.tie.Load() == nil {
		r.tie.CompareAndSwap(nil, &tie{p.Timestamp, now})
	}
}

// listen reads sender reports until the track ends.
func (r *inbound) listen(receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			report, ok := p.(*rtcp.SenderReport)
			switch {
			case !ok:
			case r.report != nil:
				r.report(report.RTPTime, rtptime.FromNTP(report.NTPTime))
			default:
				r.tie.CompareAndSwap(nil, &tie{report.RTPTime, rtptime.FromNTP(report.NTPTime)})
			}
		}
	}
}

// instant returns when a timestamp is; false before that is known. A stream may
// run for half a day from its first report until timestamps wrap round, so
// each that was told moves the tie on.
func (r *inbound) instant(timestamp uint32) (time.Time, bool) {
	t := r.tie.Load()
	if t == nil {
		return time.Time{}, false
	}
	ahead := int64(int32(timestamp - t.timestamp))
	at := t.at.Add(time.Duration(ahead * int64(time.Second) / r.rate))
	if ahead >= 3600*r.rate { // whole seconds only, so that nothing is rounded
		r.tie.Store(&tie{t.timestamp + uint32(3600*r.rate), t.at.Add(time.Hour)})
	}
	return at, true
}
