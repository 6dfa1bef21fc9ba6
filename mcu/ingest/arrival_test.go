package ingest_test

import (
	"image"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// TestLoop has a film begin anew and its timestamps with it, as aiortc's player does:
// its pictures are no later than before. A packet that is repeated late does not
// count as that.
func TestLoop(t *testing.T) {
	v := ingest.NewVideo(ingest.VideoConfig{
		Joiner:  &payload.H264Joiner{},
		Turns:   make(chan struct{}, 1),
		Decoder: still{codectest.Picture(640, 360, 0)}, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
		Reassembled: unobserved{}, Decoded: unobserved{},
	})
	defer v.Release()
	v.Show(image.Pt(320, 180), nil, epoch)
	const length = 90 // pictures, 3 s
	unit := clip(1)[0]
	seq, now := uint16(65000), epoch
	for n := range 3 * length {
		p := packets(seq, unit)
		seq += uint16(len(p))
		for i := range p {
			p[i].Timestamp = uint32(n % length * 3000)
			v.Push(&p[i], now)
		}
		if n%length == length-1 {
			late := p[0]
			late.SequenceNumber -= uint16(len(p) * length / 2)
			late.Timestamp -= length / 2 * 3000
			v.Push(&late, now)
		}
		f, fresh := v.Picture(nil, now)
		if !fresh {
			t.Fatalf("picture %d is not seen", n)
		}
		if late := now.Sub(f.Due); late.Abs() > time.Millisecond {
			t.Fatalf("picture %d is %v late", n, late)
		}
		now = now.Add(time.Second / 30)
	}
}
