package rtc

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// arrivalInterval is the time between two reports of arrival times.
const arrivalInterval = 100 * time.Millisecond

// arrivals reports to a browser when its packets arrived, by which it finds its
// line's bandwidth (draft-holmer-rmcat-transport-wide-cc-extensions-01). It sees
// all streams of a connection, also the retransmissions that only probe and never
// come out of a track. Arriving packets drive it, so that silence costs nothing.
type arrivals struct {
	interceptor.NoOp

	mu       sync.Mutex // each stream has a goroutine of its own
	recorder *twcc.Recorder
	send     interceptor.RTCPWriter
	told     time.Time
}

// arrivalsFactory makes an arrivals for each connection.
type arrivalsFactory struct{}

func (arrivalsFactory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &arrivals{recorder: twcc.NewRecorder(rand.Uint32())}, nil
}

// BindRTCPWriter keeps the way to the sender.
func (a *arrivals) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.send = w
	return w
}

// BindRemoteStream watches a stream, if it has transport-wide numbers.
func (a *arrivals) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	var id uint8
	for _, x := range info.RTPHeaderExtensions {
		if x.URI == sdp.TransportCCURI {
			id = uint8(x.ID)
		}
	}
	if id == 0 {
		return r
	}
	var header rtp.Header
	return interceptor.RTPReaderFunc(func(b []byte, attributes interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, attributes, err := r.Read(b, attributes)
		if err != nil {
			return n, attributes, err
		}
		if _, err := header.Unmarshal(b[:n]); err == nil {
			if x := header.GetExtension(id); len(x) >= 2 {
				a.packet(info.SSRC, binary.BigEndian.Uint16(x), time.Now())
			}
		}
		return n, attributes, nil
	})
}

// packet takes note of a packet and reports when that is due.
func (a *arrivals) packet(ssrc uint32, number uint16, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recorder.Record(ssrc, number, now.UnixMicro())
	if a.send == nil || now.Sub(a.told) < arrivalInterval {
		return
	}
	a.told = now
	if packets := a.recorder.BuildFeedbackPacket(); len(packets) > 0 {
		_, _ = a.send.Write(packets, nil)
	}
}
