package rtctest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// TestBuffer has pictures of two packets each come in some order, a millisecond
// apart. Every fifth is an IDR.
func TestBuffer(t *testing.T) {
	ten := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	numbers := func(n int) (all []int) {
		for i := range n {
			all = append(all, i)
		}
		return all
	}
	without := func(all []int, gone ...int) []int {
		return slices.DeleteFunc(slices.Clone(all), func(n int) bool { return slices.Contains(gone, n) })
	}
	for _, c := range []struct {
		name string
		come []int // packets; negative: that many ms without any
		want []int // pictures
	}{
		{"in order", numbers(20), ten},
		{"overtaken", []int{0, 2, 1, 3, 7, 6, 5, 4, 8, 9}, ten[:5]},
		{"twice", []int{0, 0, 1, 2, 1, 3, 3}, ten[:2]},
		{"late", append(append(without(numbers(12), 5), -400), 5), ten[:6]},
		{"missing", without(numbers(20), 5), ten[:2]},
		{"missing for good", append(append(without(numbers(16), 5), -600), 16, 17, 18, 19), []int{0, 1, 5, 6, 7, 8, 9}},
		{"given up, and late", append(append(without(numbers(6), 3), -600), 6, 3, 7, 8, 9, 10, 11), []int{0, 5}},
	} {
		b := buffer{format: formatOf(webrtc.MimeTypeH264)}
		var got []int
		now := time.Unix(1000, 0)
		for _, n := range c.come {
			if n < 0 {
				now = now.Add(time.Duration(-n) * time.Millisecond)
				continue
			}
			now = now.Add(time.Millisecond)
			nal := byte(0x41)
			if n/2%5 == 0 {
				nal = 0x65
			}
			b.push(&rtp.Packet{
				Header:  rtp.Header{SequenceNumber: uint16(65530 + n), Timestamp: uint32(n / 2), Marker: n%2 == 1},
				Payload: []byte{nal, 0, byte(n)},
			}, now, func(p picture) { got = append(got, int(p.timestamp)) })
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v are whole, not %v", c.name, got, c.want)
		}
	}
}
