package receive

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// FuzzFeedback feeds sequence numbers, timestamps and reports of any kind: nothing
// grows, and what is sent back can be sent.
func FuzzFeedback(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x00\x00\x00\x02\x00\x01\x00\x00\x00\x01\x00"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x80\x00\x00\x00\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newSender(t)
		s.rtt = func() time.Duration { return time.Duration(len(data)) * time.Millisecond }
		for ; len(data) >= 8; data = data[8:] {
			s.now = s.now.Add(time.Duration(data[7]) * time.Millisecond)
			timestamp := binary.BigEndian.Uint32(data[2:])
			if data[6]&2 != 0 {
				s.SenderReport(binary.BigEndian.Uint64(data), timestamp, s.now)
			}
			s.Packet(&rtp.Packet{Header: rtp.Header{
				Version: 2, SequenceNumber: binary.BigEndian.Uint16(data), Timestamp: timestamp,
			}}, data[6]&1 != 0, s.now)
		}
		if s.missing.count < 0 || s.missing.count > repairWindow {
			t.Errorf("%d holes", s.missing.count)
		}
		if p := s.missing.patience(); p < minPatience || p > maxPatience {
			t.Errorf("patience %v", p)
		}
		for _, p := range s.said {
			if _, err := rtcp.Marshal([]rtcp.Packet{p}); err != nil {
				t.Errorf("%T: %v", p, err)
			}
		}
	})
}
