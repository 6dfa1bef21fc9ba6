package bench

import (
	"flag"
	"fmt"
	"image"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mcu/uplink"
	"tilemix/mixer/layout"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// through encodes a picture and decodes it again.
func through(t *testing.T, img *image.YCbCr, bitrate int) *image.YCbCr {
	t.Helper()
	size := img.Rect.Size()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: 30, Bitrate: bitrate})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	au, err := enc.Encode(img, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := dec.Decode(au.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dec.Close() })
	return out
}

// TestBarcode takes numbers the way that they go: painted into a camera's picture,
// scaled to what is sent, encoded, decoded, scaled to a tile, encoded with the mix.
func TestBarcode(t *testing.T) {
	draw := scenery()
	img := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	for _, tiles := range []int{1, 2, 6, 25} {
		who := make([]layout.Source, tiles)
		for i := range who {
			who[i].ID.Participant = fmt.Sprint(i)
		}
		canvas := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
		place := layout.Grid(filmSize, who)
		for i, s := range []uplink.Constraints{full, camera(uplink.For(place[0].Rect.Size(), frameRate))} {
			for _, n := range []int{0, 682, 1023} {
				if err := draw(img, n); err != nil {
					t.Fatal(err)
				}
				barcode.Paint(img, n)
				camera := image.NewYCbCr(image.Rectangle{Max: s.Size}, image.YCbCrSubsampleRatio420)
				yuv.Scale(camera, img)
				got := through(t, camera, s.Bitrate)
				tile := place[i%tiles].Rect
				crop, to := layout.Fit(got.Rect.Size(), tile)
				src, dst := yuv.View(got, crop), yuv.View(canvas, to)
				yuv.Scale(&dst, &src)
				mix := through(t, canvas, full.Bitrate)
				part, at := layout.Fit(filmSize, tile)
				if read, ok := barcode.Read(mix, barcode.Spread(filmSize, part, at)); !ok || read != n {
					t.Errorf("%d sent as %v, tile of %d: read %d, %v", n, s.Size, tiles, read, ok)
				}
			}
		}
	}
}

// TestNoBarcode reads pictures without one.
func TestNoBarcode(t *testing.T) {
	img := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	wrong := 0
	for n := range 20 {
		if err := scenery()(img, n*9); err != nil {
			t.Fatal(err)
		}
		if _, ok := barcode.Read(img, img.Rect); ok {
			wrong++
		}
	}
	if wrong > 1 {
		t.Errorf("%d numbers read where there are none", wrong)
	}
	if _, ok := barcode.Read(img, image.Rect(5000, 0, 5100, 100)); ok {
		t.Error("a number outside the picture")
	}
}

// TestDelay sends a voice that is heard some time later, in packets that are
// shifted against its own.
func TestDelay(t *testing.T) {
	voice, err := newVoice(utter(true))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1000, 0)
	var spoke []bot.Sending
	var twice []bot.Unit
	for i := range 2 * spoken {
		at := start.Add(time.Duration(i) * pcm.Duration)
		spoke = append(spoke, bot.Sending{Index: i % spoken, At: at})
		twice = append(twice, bot.Unit{Data: voice.Packets[i%spoken]})
	}
	sound, err := decodeAll(twice)
	if err != nil {
		t.Fatal(err)
	}
	// What was said is heard again 300 samples later in other packets, each of
	// which comes 35 ms after the one that was sent.
	const shift, late = 300, 35 * time.Millisecond
	again, err := newVoice(append(make([]float32, shift), sound[:len(sound)-shift]...))
	if err != nil {
		t.Fatal(err)
	}
	var heard []bot.Unit
	for i, p := range again.Packets {
		heard = append(heard, bot.Unit{Data: p, At: spoke[i].At.Add(late)})
	}
	ms, err := delay(heard, window{start, start.Add(time.Hour)}, voice, sent(spoke))
	if err != nil {
		t.Fatal(err)
	}
	// The second encoder adds its look-ahead of 6.5 ms.
	want := 35 + 1000.0*shift/pcm.Rate + 6.5
	if got := spread(ms); got.Count < 5 || math.Abs(got.P50-want) > 0.5 || math.Abs(got.P95-want) > 1 {
		t.Errorf("%+v, not %.2f ms", got, want)
	}
}

func TestChirpsOf(t *testing.T) {
	voice, err := newVoice(utter(true))
	if err != nil {
		t.Fatal(err)
	}
	at, err := chirpsOf(voice)
	if err != nil || len(at) != 4 {
		t.Fatalf("chirps at %v, %v", at, err)
	}
	if voice, err = newVoice(utter(false)); err != nil {
		t.Fatal(err)
	}
	if at, err := chirpsOf(voice); err != nil || len(at) != 0 {
		t.Errorf("chirps at %v where there are none, %v", at, err)
	}
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		stat string
		want process
		ok   bool
	}{
		{"7 (tilemix) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1", process{"tilemix", 3 * time.Second, 0}, true},
		{"7 (a ) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 30 4 20 0 9 0 1", process{"a ) b (c", 30 * time.Millisecond, 340 * time.Millisecond}, true},
		{"7 (tilemix) S 1 7 7 0 -1 4194560 1 0 0 0 x 50 0 0", process{}, false},
		{"7 (tilemix) S 1", process{}, false},
		{"", process{}, false},
	} {
		if got, err := parseStat([]byte(c.stat)); err == nil && got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %v, %v", c.stat, got, err)
		}
	}
}

func TestParseMachine(t *testing.T) {
	busy, all, err := parseMachine([]byte("cpu  100 1 50 800 40 2 3 4 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"))
	if err != nil || busy != 160*tick || all != 1000*tick {
		t.Errorf("busy %v of %v, %v", busy, all, err)
	}
	for _, bad := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, _, err := parseMachine([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseRSS(t *testing.T) {
	if n, err := parseRSS([]byte("Name:\tx\nVmPeak:\t 9 kB\nVmRSS:\t  2048 kB\n")); err != nil || n != 2<<20 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseRSS([]byte("VmRSS: 12\n")); err == nil {
		t.Error("nothing was read")
	}
}

// TestLook reads this process.
func TestLook(t *testing.T) {
	before, err := look(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := threadTime() + 50*time.Millisecond; threadTime() < end; {
	}
	after, err := look(os.Getpid())
	if err != nil || after.since(before).ticks < 2 || after.rss < 1<<20 {
		t.Errorf("%+v, %v", after.since(before), err)
	}
}

func TestQuantile(t *testing.T) {
	bucket := func(counts ...uint64) *dto.Histogram {
		h := &dto.Histogram{}
		for i, n := range counts {
			bound := []float64{0.01, 0.02, 0.04, math.Inf(1)}[i]
			h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &n})
			h.SampleCount = &n
		}
		return h
	}
	before, after := bucket(5, 5, 5, 5), bucket(5, 15, 25, 25)
	for q, want := range map[float64]float64{0.25: 15, 0.5: 20, 0.75: 30, 1: 40} {
		if got := quantile(before, after, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, not %v", q, got, want)
		}
	}
	if got := quantile(after, after, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	if got := quantile(nil, before, 0.5); got != 5 {
		t.Errorf("from nothing: %v", got)
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  []string
	}{
		{[]string{"grid9"}, []string{"grid9"}},
		{[]string{"idle", "coop9"}, []string{"grid9", "coop9", "idle"}},
		{[]string{"coop25"}, []string{"grid4", "coop25"}},
	} {
		got, err := choose(c.names)
		var names []string
		for _, s := range got {
			names = append(names, s.Name)
		}
		if err != nil || !slices.Equal(names, c.want) {
			t.Errorf("%v: %v, %v", c.names, names, err)
		}
	}
	if all, err := choose([]string{"all"}); err != nil || len(all) != len(scenarios()) {
		t.Errorf("all are %d, %v", len(all), err)
	}
	if _, err := choose([]string{"grid9", "grid99"}); err == nil {
		t.Error("chose what there is not")
	}
}

// TestCamera holds cameras to what they are asked for.
func TestCamera(t *testing.T) {
	wish := func(x, y, rate, bitrate int) uplink.Constraints {
		return uplink.Constraints{Size: image.Pt(x, y), FrameRate: rate, Bitrate: bitrate}
	}
	for _, c := range []struct{ asked, want uplink.Constraints }{
		{wish(0, 0, 0, 0), full},
		{wish(1920, 1080, 60, 9_000_000), full},
		{wish(302, 170, 30, 200_000), wish(302, 170, 30, 200_000)},
		{wish(406, 228, 15, 200_000), wish(406, 228, 15, 200_000)},
		{wish(303, 171, 30, 200_000), wish(302, 170, 30, 200_000)},
		{wish(640, 640, 20, 200_000), wish(1138, 640, 15, 200_000)},
		{wish(416, 312, 30, 400_000), wish(554, 312, 30, 400_000)},
		{wish(320, 0, 7, 1), wish(320, 180, 6, 20_000)},
		{wish(2, 2, 1, 1), wish(16, 16, 1, 20_000)},
	} {
		if got := camera(c.asked); got != c.want {
			t.Errorf("asked for %v it sends %v, not %v", c.asked, got, c.want)
		}
	}
}

// TestWished asks for what was foreseen and for what was not, from many sides: each is
// encoded once, with every other picture where half are wished for, and its numbers
// can be read.
func TestWished(t *testing.T) {
	foreseen := uplink.Constraints{Size: image.Pt(302, 170), FrameRate: 30, Bitrate: 300_000}
	dark := func(*image.YCbCr, int) error { return nil }
	f, err := newFilm(dark, []uplink.Constraints{foreseen, foreseen})
	if err != nil {
		t.Fatal(err)
	}
	other := uplink.Constraints{Size: image.Pt(626, 352), FrameRate: 15, Bitrate: 300_000}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { f.clip.Wished(foreseen) })
		wg.Go(func() { f.clip.Wished(other) })
	}
	wg.Wait()
	if n, err := f.surprises(); n != 1 || err != nil || len(f.variants) != 3 {
		t.Errorf("%d encoded later, %d in all: %v", n, len(f.variants), err)
	}
	for w, every := range map[uplink.Constraints]int{full: 1, foreseen: 1, other: 2} {
		v := f.clip.Wished(w)
		if v.Size != w.Size || v.Every != every || len(v.Pictures) != filmed/every {
			t.Errorf("asked for %v: %d pictures of %v", w, len(v.Pictures), v.Size)
		}
		dec, err := h264.NewDecoder(limit.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for i, unit := range f.units[v] {
			bytes += len(unit)
			img, err := dec.Decode(unit)
			if err != nil {
				t.Fatal(err)
			}
			if n, ok := barcode.Read(img, img.Rect); !ok || n != i*every {
				t.Errorf("%v: picture %d has number %d, %v", w, i, n, ok)
			}
		}
		_ = dec.Close()
		if rate := bytes * 8 * frameRate / filmed; rate > w.Bitrate*5/4 {
			t.Errorf("asked for %v: %d bits a second", w, rate)
		}
	}
}
