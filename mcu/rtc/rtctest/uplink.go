package rtctest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtptime"
)

// reportInterval is the time between two sender reports of a stream.
const reportInterval = 500 * time.Millisecond

// Uplink is one stream of a client to the server.
type Uplink struct {
	track    *webrtc.TrackLocalStaticRTP
	report   func(taken time.Duration, timestamp uint32)
	reported time.Duration // owned by the goroutine that sends
	requests atomic.Int64
	limit    atomic.Int64
	lost     atomic.Int64 // per cent, by the last reception report
	wanted   atomic.Bool

	mu  sync.Mutex
	seq uint16
}

func newUplink(track *webrtc.TrackLocalStaticRTP, report func(time.Duration, uint32)) *Uplink {
	return &Uplink{track: track, report: report, seq: 65000} // wraps around soon
}

// Write sends payloads as packets of one timestamp, the last of which has the
// marker.
func (u *Uplink) Write(timestamp uint32, payloads ...[]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, payload := range payloads {
		u.seq++
		_ = u.track.WriteRTP(&rtp.Packet{
			Header: rtp.Header{
				Version: 2, SequenceNumber: u.seq, Timestamp: timestamp, Marker: i == len(payloads)-1,
			},
			Payload: payload,
		})
	}
}

// Skip leaves n sequence numbers out, as loss does.
func (u *Uplink) Skip(n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seq += uint16(n)
}

// KeyRequests returns how often the server asked for a key frame.
func (u *Uplink) KeyRequests() int { return int(u.requests.Load()) }

// Limit returns the bitrate that the server last limited the client to, in bits a
// second (REMB); 0 is none.
func (u *Uplink) Limit() int { return int(u.limit.Load()) }

// keyWanted tells whether a key frame was asked for since it was last called.
func (u *Uplink) keyWanted() bool { return u.wanted.Swap(false) }

// listen reads what the server says of the stream.
func (u *Uplink) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				u.requests.Add(1)
				u.wanted.Store(true)
			case *rtcp.ReceiverReport:
				for _, r := range p.Reports {
					u.lost.Store(int64(r.FractionLost) * 100 / 256)
				}
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				u.limit.Store(int64(p.Bitrate))
			}
		}
	}
}

// tell sends a sender report when one is due. It is for the goroutine that sends.
func (u *Uplink) tell(taken time.Duration, rate int64) {
	if u.reported == 0 || taken-u.reported >= reportInterval {
		u.reported = taken
		u.report(taken, rtptime.Timestamp(taken, rate))
	}
}
