package mcu_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// benchServer names the environment variable that makes the test's binary a
// server, so that what it costs is told from what its clients cost.
const benchServer = "TILEMIX_BENCH_SERVER"

// call is what a benchmark asks of its server, one line of JSON each.
type call struct {
	Name, SDP string // joins, and gets the answer
	Count     bool   // gets the numbers
}

type reply struct {
	SDP, Error       string
	Latency          *dto.Histogram
	Decodes, Encodes uint64
}

// serveBench serves calls that come on standard input until it ends.
func serveBench() int {
	server, err := mcu.NewServer(mcu.DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(server.Collectors()...)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = server.Run(ctx) })
	out := json.NewEncoder(os.Stdout)
	for in := json.NewDecoder(os.Stdin); ; {
		var c call
		if in.Decode(&c) != nil {
			break
		}
		var r reply
		if c.Count {
			r.Latency = histogram(registry, "tilemix_picture_latency_seconds", "")
			r.Decodes = histogram(registry, "tilemix_stage_seconds", "decode").GetSampleCount()
			r.Encodes = histogram(registry, "tilemix_stage_seconds", "encode").GetSampleCount()
		} else if r.SDP, err = answer(ctx, server, c); err != nil {
			r.Error = err.Error()
		}
		if out.Encode(r) != nil {
			break
		}
	}
	cancel()
	running.Wait()
	return 0
}

func answer(ctx context.Context, server *mcu.Server, c call) (string, error) {
	p, err := server.Join(mcu.JoinOptions{Room: "bench", Name: c.Name})
	if err != nil {
		return "", err
	}
	return p.Offer(ctx, c.SDP)
}

func histogram(registry *prometheus.Registry, name, label string) *dto.Histogram {
	families, err := registry.Gather()
	if err != nil {
		return nil
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetHistogram()
			}
		}
	}
	return nil
}

// child is a server in a process of its own.
type child struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startChild(b *testing.B) *child {
	b.Helper()
	c := &child{b: b, cmd: exec.CommandContext(b.Context(), os.Args[0])}
	c.cmd.Env = append(os.Environ(), benchServer+"=1")
	c.cmd.Stderr = os.Stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c.in, c.out = in, json.NewDecoder(bufio.NewReader(out))
	return c
}

func (c *child) ask(q call) reply {
	c.b.Helper()
	var r reply
	if err := json.NewEncoder(c.in).Encode(q); err != nil {
		c.b.Fatal(err)
	}
	if err := c.out.Decode(&r); err != nil || r.Error != "" {
		c.b.Fatal(err, r.Error)
	}
	return r
}

// cpu is what the process has used so far.
func (c *child) cpu() time.Duration {
	c.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		c.b.Fatal(err)
	}
	// The second field is a name in parentheses; utime and stime are the
	// fourteenth and fifteenth, in hundredths of a second (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			c.b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (c *child) end() {
	_ = c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		c.b.Error(err)
	}
}

// BenchmarkRoom is a room of four: each sends 720p30 and speaks, and receives
// the mix, 720p30. It reports
//
//	room-ms/s    what the server's process uses
//	codec-ms/s   what the same decoding, scaling and encoding use alone in one thread
//	ratio        of the two; it should be at most 1.4
//	p50-ms       from a picture's last packet in to the first packet out that shows
//	p95-ms       it; they should be under 40 and 70
//	decodes/s    120 where the machine keeps up
//	encodes/s    30 where the machine keeps up
//
// Its clients use the processor too: on a small machine the latency says so.
func BenchmarkRoom(b *testing.B) {
	const seconds = 10
	clips := make([]film720, 4)
	for i := range clips {
		clips[i] = shoot(b, i)
	}
	for b.Loop() {
		c := startChild(b)
		for i, clip := range clips {
			client := rtctest.New(b, rtctest.Options{NoDecode: true})
			offer, err := client.Offer(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if err := client.Answer(b.Context(), c.ask(call{Name: fmt.Sprint("Guest ", i), SDP: offer}).SDP); err != nil {
				b.Fatal(err)
			}
			client.Play(clip.units, 30)
			client.Speak(talk(i))
			defer client.Close()
		}
		time.Sleep(3 * time.Second) // all have their key frames
		before, used, start := c.ask(call{Count: true}), c.cpu(), time.Now()
		time.Sleep(seconds * time.Second) // of what is measured
		took, used := time.Since(start).Seconds(), c.cpu()-used
		after := c.ask(call{Count: true})
		c.end()
		room := used.Seconds() * 1000 / took
		decodes := float64(after.Decodes-before.Decodes) / took
		encodes := float64(after.Encodes-before.Encodes) / took
		alone := codecWork(b, clips, decodes, encodes)
		b.ReportMetric(room, "room-ms/s")
		b.ReportMetric(alone, "codec-ms/s")
		b.ReportMetric(room/alone, "ratio")
		b.ReportMetric(quantile(before.Latency, after.Latency, 0.5)*1000, "p50-ms")
		b.ReportMetric(quantile(before.Latency, after.Latency, 0.95)*1000, "p95-ms")
		b.ReportMetric(decodes, "decodes/s")
		b.ReportMetric(encodes, "encodes/s")
	}
	b.ReportMetric(0, "ns/op")
}

// talk is a voice that is heard half of the time, one after the other.
func talk(i int) func(sample int) float32 {
	tone := signal.Tone(float64(200+50*i), 0.2)
	return func(sample int) float32 {
		if sample/pcm.Rate/2%4 != i {
			return 0
		}
		return tone(sample)
	}
}

// quantile estimates what was observed between two states of a histogram.
func quantile(before, after *dto.Histogram, q float64) float64 {
	total := float64(after.GetSampleCount() - before.GetSampleCount())
	low, below := 0.0, 0.0
	for i, bucket := range after.GetBucket() {
		up := float64(bucket.GetCumulativeCount() - before.GetBucket()[i].GetCumulativeCount())
		if up >= q*total {
			return low + (bucket.GetUpperBound()-low)*(q*total-below)/(up-below)
		}
		low, below = bucket.GetUpperBound(), up
	}
	return low
}

// film720 is two seconds of 720p30 and what they are encoded.
type film720 struct {
	pictures []*image.YCbCr
	units    [][]byte
}

// shoot makes a clip of a webcam, or a synthetic one where no recording is.
func shoot(b *testing.B, i int) film720 {
	b.Helper()
	names := []string{"asl_A_woman_480p.mkv", "asl_B_man_hoodie_480p.mkv", "asl_C_man_grey_480p.mkv", "asl_D_man_pattern_480p.mkv"}
	f := film720{pictures: recorded(b, filepath.Join("../../shared/media/video", names[i]))}
	for n := range 60 {
		if len(f.pictures) == n {
			f.pictures = append(f.pictures, codectest.Picture(1280, 720, n+100*i))
		}
	}
	enc, err := h264.NewEncoder(video720)
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	for n, img := range f.pictures {
		au, err := enc.Encode(img, time.Duration(n)*time.Second/30)
		if err != nil {
			b.Fatal(err)
		}
		f.units = append(f.units, bytes.Clone(au.Data))
	}
	return f
}

var video720 = codec.VideoConfig{Width: 1280, Height: 720, FrameRate: 30, Bitrate: 1_500_000}

// recorded returns 60 pictures of a recording, or none.
func recorded(b *testing.B, name string) []*image.YCbCr {
	b.Helper()
	if _, err := os.Stat(name); err != nil {
		b.Logf("synthetic picture: %v", err)
		return nil
	}
	out, err := exec.CommandContext(b.Context(), "ffmpeg", "-v", "error", "-i", name, "-frames:v", "60",
		"-vf", "scale=1280:960,crop=1280:720,fps=30", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-").Output()
	if err != nil {
		b.Logf("synthetic picture: ffmpeg: %v", err)
		return nil
	}
	const luma, chroma = 1280 * 720, 640 * 360
	var pictures []*image.YCbCr
	for ; len(out) >= luma+2*chroma; out = out[luma+2*chroma:] {
		pictures = append(pictures, &image.YCbCr{
			Y: out[:luma], Cb: out[luma:][:chroma], Cr: out[luma+chroma:][:chroma],
			YStride: 1280, CStride: 640, Rect: image.Rect(0, 0, 1280, 720),
			SubsampleRatio: image.YCbCrSubsampleRatio420,
		})
	}
	return pictures
}

// codecWork times, in ms a second, what a room of these clips cannot do without:
// so many pictures decoded and scaled, so many of what they make encoded, four
// Opus decoders and an encoder for who speaks and one for the others.
func codecWork(b *testing.B, clips []film720, decodes, encodes float64) float64 {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const pictures, seconds = 300, 10
	enc, err := h264.NewEncoder(video720)
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	canvas := image.NewYCbCr(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio420)
	scalers, decoders := make([]yuv.Scaler, len(clips)), make([]*h264.Decoder, len(clips))
	for i := range decoders {
		if decoders[i], err = h264.NewDecoder(limit.Limits{}); err != nil {
			b.Fatal(err)
		}
		defer decoders[i].Close()
	}
	var decoding, encoding time.Duration
	for n := range pictures {
		start := threadTime(b)
		for i, clip := range clips {
			img, err := decoders[i].Decode(clip.units[n%len(clip.units)])
			if err != nil {
				b.Fatal(err)
			}
			at := image.Pt(i%2*640, i/2*360)
			tile := yuv.View(canvas, image.Rectangle{at, at.Add(image.Pt(640, 360))})
			scalers[i].Scale(&tile, img)
		}
		decoded := threadTime(b)
		if _, err := enc.Encode(canvas, time.Duration(n)*time.Second/30); err != nil {
			b.Fatal(err)
		}
		decoding += decoded - start
		encoding += threadTime(b) - decoded
	}
	start := threadTime(b)
	opusWork(b, seconds, len(clips))
	sound := threadTime(b) - start
	return decoding.Seconds()*1000/float64(pictures*len(clips))*decodes +
		encoding.Seconds()*1000/pictures*encodes + sound.Seconds()*1000/seconds
}

func opusWork(b *testing.B, seconds, decoders int) {
	b.Helper()
	packet, sound := make([]byte, 1275), make([]float32, 5760)
	encs := make([]*opus.Encoder, 2)
	decs := make([]*opus.Decoder, decoders)
	var err error
	for i := range encs {
		if encs[i], err = opus.NewEncoder(32_000); err != nil {
			b.Fatal(err)
		}
	}
	for i := range decs {
		if decs[i], err = opus.NewDecoder(); err != nil {
			b.Fatal(err)
		}
	}
	voice := codectest.Voice(50)
	for n := range seconds * 50 {
		length := 0
		for _, e := range encs {
			if length, err = e.Encode(packet, voice[n%50*pcm.Samples:][:pcm.Samples]); err != nil {
				b.Fatal(err)
			}
		}
		for _, d := range decs {
			if _, err := d.Decode(sound, packet[:length]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// threadTime is what this thread has used of the processor.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	const rusageThread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
