package bench

import (
	"fmt"
	"image"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mixer/layout"
)

// Quality is how true the mix is to what the cameras sent.
type Quality struct {
	// Mix is the likeness of the tiles to what was sent, scaled by a Lanczos kernel. Encoder is that of
	// the same tiles where OpenH264 alone encoded them. Both are PSNR of luma in dB.
	Mix     float64 `json:"mix"`
	Encoder float64 `json:"encoder"`
	// Judder is the share of pictures that were shown twice, or after one that never was, in per
	// cent: by what the network path adds to a camera's pictures, in ms.
	Judder map[int]float64 `json:"judder"`
}

const (
	// tileEdge is how much of a tile's edges is not compared: the border of who speaks and round
	// corners.
	tileEdge = 18
	// nameStrip is the height of the part of a tile that may show a name.
	nameStrip = 48
	// visible is the likeness above which nobody sees a difference, in dB.
	visible = 45
	// warmup is how long the encoder alone works before it is judged, as the mix' did.
	warmup = 2 * frameRate
)

// truth compares a mix with what was sent. All cameras send the film in full.
type truth struct {
	film   *film
	places *places
	delays map[string]time.Duration // cameras by name

	sent    []*image.YCbCr             // the film as its viewers decode it
	ideals  map[image.Point]*idealTile // by size
	encoder *h264.Encoder              // of the ideal canvas
	again   *h264.Decoder              // of what it makes
	canvas  *image.YCbCr               // with ideal tiles
	mix     distance
	alone   distance
	judder  map[time.Duration]*unevenness
	last    map[string]int
	seen    int
}

// idealTile keeps the film in one size, as far as it was needed.
type idealTile struct{ pictures [filmed]*image.YCbCr }

// judge decodes a mix and compares what it shows in the window.
func (t *truth) judge(mix []bot.Unit, w window) (q *Quality, err error) {
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	if err := t.begin(); err != nil {
		return nil, err
	}
	defer t.end()
	for _, u := range mix {
		img, err := dec.Decode(u.Data)
		if err != nil || img == nil || !w.has(u.At) {
			continue
		}
		if err := t.compare(img, t.places.at(u.At)); err != nil {
			return nil, err
		}
	}
	q = &Quality{Mix: t.mix.psnr(), Encoder: t.alone.psnr(), Judder: map[int]float64{}}
	for delay, u := range t.judder {
		q.Judder[int(delay/time.Millisecond)] = u.percent()
	}
	return q, nil
}

// begin decodes the film, and makes the encoder that the mix is compared with.
func (t *truth) begin() (err error) {
	t.ideals, t.judder, t.last = map[image.Point]*idealTile{}, map[time.Duration]*unevenness{}, map[string]int{}
	t.canvas = image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	if t.encoder, err = h264.NewEncoder(codec.VideoConfig{Width: filmSize.X, Height: filmSize.Y, FrameRate: frameRate, Bitrate: full.Bitrate}); err != nil {
		return err
	}
	if t.again, err = h264.NewDecoder(limit.Limits{}); err != nil {
		return err
	}
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		return err
	}
	defer dec.Close()
	for _, unit := range t.film.units[t.film.clip.Full] {
		img, err := dec.Decode(unit)
		if err != nil {
			return err
		}
		kept := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
		yuv.Copy(kept, img)
		t.sent = append(t.sent, kept)
	}
	return nil
}

func (t *truth) end() {
	_ = t.encoder.Close()
	if t.again != nil {
		_ = t.again.Close()
	}
}

// compare takes one picture of the mix.
func (t *truth) compare(img *image.YCbCr, tiles map[string]image.Rectangle) error {
	yuv.Copy(t.canvas, img)
	var shown []image.Rectangle
	for name, tile := range tiles {
		delay, ok := t.delays[name]
		crop, place := layout.Fit(filmSize, tile)
		n, read := barcode.Read(img, barcode.Spread(filmSize, crop, place))
		if !ok || !read || n >= len(t.sent) {
			continue
		}
		t.follow(name, n, delay)
		part := place.Inset(tileEdge)
		part.Max.Y = place.Max.Y - nameStrip
		ideal := t.ideal(n, crop, place.Size())
		from, to := yuv.View(ideal, part.Sub(place.Min)), yuv.View(t.canvas, part)
		yuv.Copy(&to, &from)
		shown = append(shown, part)
	}
	au, err := t.encoder.Encode(t.canvas, time.Duration(t.seen)*time.Second/frameRate)
	if err != nil {
		return err
	}
	alone, err := t.again.Decode(au.Data)
	if err != nil || alone == nil {
		return err
	}
	if t.seen++; t.seen <= warmup {
		return nil
	}
	for _, part := range shown {
		t.mix.add(img, t.canvas, part)
		t.alone.add(alone, t.canvas, part)
	}
	return nil
}

// follow notes which picture of a camera is shown.
func (t *truth) follow(name string, n int, delay time.Duration) {
	last, known := t.last[name]
	t.last[name] = n
	if !known {
		return
	}
	if t.judder[delay] == nil {
		t.judder[delay] = &unevenness{}
	}
	t.judder[delay].add((n - last + filmed) % filmed)
}

// ideal returns a part of picture n in a tile's size.
func (t *truth) ideal(n int, crop image.Rectangle, size image.Point) *image.YCbCr {
	tile := t.ideals[size]
	if tile == nil {
		tile = &idealTile{}
		t.ideals[size] = tile
	}
	if tile.pictures[n] == nil {
		tile.pictures[n] = image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		part := yuv.View(t.sent[n], crop)
		lanczos(tile.pictures[n], &part)
	}
	return tile.pictures[n]
}

// distance sums squared errors of luma.
type distance struct{ squares, n float64 }

func (d *distance) add(a, b *image.YCbCr, part image.Rectangle) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		ra, rb := a.Y[a.YOffset(part.Min.X, y):][:part.Dx()], b.Y[b.YOffset(part.Min.X, y):][:part.Dx()]
		sum := 0
		for x, v := range ra {
			off := int(v) - int(rb[x])
			sum += off * off
		}
		d.squares += float64(sum)
	}
	d.n += float64(part.Dx() * part.Dy())
}

// psnr is in dB; 0 of nothing.
func (d *distance) psnr() float64 {
	if d.n == 0 {
		return 0
	}
	return 10 * math.Log10(255*255*d.n/max(d.squares, 1))
}

// unevenness counts pictures that follow on one that is not the one before.
type unevenness struct{ n, wrong int }

// add takes by how many pictures a camera has moved on.
func (u *unevenness) add(steps int) {
	u.n++
	if steps != 1 {
		u.wrong++
	}
}

func (u *unevenness) percent() float64 { return 100 * float64(u.wrong) / float64(max(1, u.n)) }

// write prints what the bars leave out. q may be nil.
func (q *Quality) write(out io.Writer) {
	if q != nil {
		fmt.Fprintf(out, "  tiles, PSNR of luma: %.2f dB; encoded by OpenH264 alone, scaled by a Lanczos kernel: %.2f dB\n", q.Mix, q.Encoder)
	}
}

// bars are those of the mix' quality.
func (q *Quality) bars() []Bar {
	const least, most = -0.3, 3
	loss := min(q.Mix, visible) - min(q.Encoder, visible)
	bars := []Bar{{What: "tiles, PSNR more than of the encoder alone", Unit: "dB", Value: loss, Limit: least, Least: true, Reached: loss >= least}}
	for _, ms := range slices.Sorted(maps.Keys(q.Judder)) {
		bars = append(bars, atMost(fmt.Sprintf("pictures shown twice or left out, up to %d ms late", ms), "%", q.Judder[ms], most))
	}
	return bars
}
