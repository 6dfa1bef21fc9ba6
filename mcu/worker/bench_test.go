package worker_test

import (
	"bytes"
	"image"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/h264/libav"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/worker"
)

// tileDecoder is what a worker's decoder and one of this process have in common.
type tileDecoder interface {
	DecodeTiles(au []byte, w fit.Wanted, pool *yuv.Pool) (fit.Picture, error)
}

// BenchmarkIsolation decodes 720p to a tile of nine in this process and in a worker, in turn, and says
// what the processor needs for an access unit of each.
func BenchmarkIsolation(b *testing.B) {
	units := film(b, 1280, 720, 60)
	dec, err := table.Of(codec.H264).NewDecoder(limit.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	defer dec.Close()
	remote := pool(b, nil).NewCrew().NewDecoder(codec.H264)
	defer remote.Close()
	compare(b, units, [2]tileDecoder{&fit.Local{Decoder: dec}, remote}, [2]string{"off", "room"})
}

// BenchmarkDecoders decodes 720p to a tile of nine in workers by OpenH264 and by libavcodec, in turn, and says
// what the processor needs for an access unit of each.
func BenchmarkDecoders(b *testing.B) {
	if err := libav.Open(); err != nil {
		b.Skip(err)
	}
	units := film(b, 1280, 720, 60)
	var decoders [2]tileDecoder
	for i, by := range []string{obedient, byLibavcodec} {
		d := pool(b, func(c *worker.Config) { c.Args = append(c.Args, by) }).NewCrew().NewDecoder(codec.H264)
		defer d.Close()
		decoders[i] = d
	}
	compare(b, units, decoders, [2]string{"openh264", "libavcodec"})
}

// compare has two decoders decode a stream to a tile of nine in turn, and reports what the processor needs for
// an access unit of each (the median), and the second's need in parts of the first's.
func compare(b *testing.B, units [][]byte, decoders [2]tileDecoder, names [2]string) {
	b.Helper()
	var used [2][]time.Duration
	frames := yuv.NewPool(1)
	w := fit.Wanted{Tiles: [fit.Most]image.Point{{X: 426, Y: 240}}}
	for n := 0; b.Loop(); n++ {
		for i, d := range decoders {
			time.Sleep(time.Millisecond) // as between two pictures of a camera
			before := processors(b)
			p, err := d.DecodeTiles(units[n%len(units)], w, frames)
			if err != nil || p.Frame == nil {
				b.Fatalf("no picture: %v", err)
			}
			p.Frame.Release()
			used[i] = append(used[i], processors(b)-before)
		}
	}
	for i, name := range names {
		slices.Sort(used[i])
		b.ReportMetric(float64(used[i][len(used[i])/2])/1e3, "µs-"+name)
	}
	b.ReportMetric(float64(used[1][len(used[1])/2])/float64(used[0][len(used[0])/2]), names[1]+"/"+names[0])
}

// film returns the access units of a stream with one key frame, the first.
func film(tb testing.TB, width, height, n int) (units [][]byte) {
	tb.Helper()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: width, Height: height, FrameRate: 30, Bitrate: width * height * 3 / 2})
	if err != nil {
		tb.Fatal(err)
	}
	defer enc.Close()
	for i := range n {
		au, err := enc.Encode(codectest.Picture(width, height, i), time.Duration(i)*time.Second/30)
		if err != nil {
			tb.Fatal(err)
		}
		units = append(units, bytes.Clone(au.Data))
	}
	return units
}

// processors returns what this process and its children have used of all processors.
func processors(tb testing.TB) (sum time.Duration) {
	tb.Helper()
	for _, pid := range append(poll.Children(tb), os.Getpid()) {
		var used unix.Timespec
		if unix.ClockGettime(int32(^pid<<3|2), &used) == nil { // clock_getcpuclockid(3)
			sum += time.Duration(used.Nano())
		}
	}
	return sum
}

// BenchmarkVoices decodes a tick of three voices in this process and in a worker, in turn, and says what the
// processor needs for it in each.
func BenchmarkVoices(b *testing.B) {
	p := pool(b, patient)
	c := newChoir(b, p.NewCrew(), 3)
	c.await(b, p, 2)
	var local [3]*opus.Decoder
	for i := range local {
		dec, err := opus.NewDecoder()
		if err != nil {
			b.Fatal(err)
		}
		local[i] = dec
	}
	var used [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		packet := c.packets[10+n%40]
		for i, decode := range []func(int){
			func(k int) { _, _ = local[k].Decode(c.blocks[k][:], packet) },
			func(k int) { _, _ = c.voices[k].Decode(c.blocks[k][:], packet) },
		} {
			time.Sleep(5 * time.Millisecond)
			before := processors(b)
			if i == 0 {
				for k := range local {
					decode(k)
				}
			} else {
				c.Each(len(local), decode)
			}
			used[i] = append(used[i], processors(b)-before)
		}
	}
	for i, name := range []string{"off", "room"} {
		slices.Sort(used[i])
		b.ReportMetric(float64(used[i][len(used[i])/2])/1e3, "µs-"+name)
	}
}
