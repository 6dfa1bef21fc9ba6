package fit_test

import (
	"errors"
	"image"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mixer/layout"
)

// still is a decoder whose streams show one picture.
type still struct {
	*image.YCbCr
	err    error
	colour yuv.Colour
}

func (s *still) Decode([]byte) (*image.YCbCr, error) { return s.YCbCr, s.err }
func (s *still) Close() error                        { return nil }
func (s *still) Colour() yuv.Colour                  { return s.colour }

// TestLocal scales a picture to each of its tiles, and only to those that show something of it.
func TestLocal(t *testing.T) {
	img := codectest.Picture(320, 180, 1)
	for name, c := range map[string]struct {
		wanted  fit.Wanted
		frames  int // of the pool
		want    []image.Point
		starved bool
	}{
		"one tile":          {fit.Wanted{Tiles: [4]image.Point{{160, 90}}}, 4, []image.Point{{160, 90}}, false},
		"four tiles":        {fit.Wanted{Tiles: [4]image.Point{{640, 360}, {320, 180}, {160, 90}, {64, 36}}}, 4, []image.Point{{640, 360}, {320, 180}, {160, 90}, {64, 36}}, false},
		"one shows none":    {fit.Wanted{Tiles: [4]image.Point{{160, 90}, {1, 1}, {64, 36}}}, 4, []image.Point{{160, 90}, {64, 36}}, false},
		"the first is gone": {fit.Wanted{Tiles: [4]image.Point{{}, {64, 36}}}, 4, nil, false},
		"a boxed screen":    {fit.Wanted{Kind: layout.Screen, Tiles: [4]image.Point{{160, 160}}}, 4, []image.Point{{160, 90}}, false},
		"no frame":          {fit.Wanted{Tiles: [4]image.Point{{160, 90}}}, 0, nil, true},
		"one frame":         {fit.Wanted{Tiles: [4]image.Point{{160, 90}, {64, 36}}}, 1, []image.Point{{160, 90}}, false},
	} {
		pool := yuv.NewPool(c.frames)
		local := fit.Local{Decoder: &still{YCbCr: img}}
		pic, err := local.DecodeTiles(nil, c.wanted, pool)
		if err != nil || pic.Source != img.Rect.Size() || pic.Starved != c.starved {
			t.Errorf("%s: %+v, %v", name, pic, err)
		}
		var got []image.Point
		for f := pic.Frame; f != nil; f = f.Other {
			got = append(got, f.Rect.Size())
			var scaled yuv.Scaler
			want := codectest.Picture(f.Rect.Dx(), f.Rect.Dy(), 0)
			scaled.Scale(want, img)
			if db := codectest.PSNR(&f.YCbCr, want); db < 99 {
				t.Errorf("%s: what %v shows is %.0f dB from it", name, f.Rect.Size(), db)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: pictures of %v, not %v", name, got, c.want)
		}
		pic.Frame.Release()
		if n := pool.Live(); n != 0 {
			t.Errorf("%s: %d frames are left", name, n)
		}
	}
}

// TestColours shows a stream of another colour standard in the canvas' colours.
func TestColours(t *testing.T) {
	pool := yuv.NewPool(1)
	white := codectest.Picture(32, 32, 0)
	yuv.Fill(white, 255, 128, 128)
	local := fit.Local{Decoder: &still{YCbCr: white, colour: yuv.Colour{FullRange: true}}}
	pic, err := local.DecodeTiles(nil, fit.Wanted{Tiles: [4]image.Point{{16, 16}}}, pool)
	if err != nil {
		t.Fatal(err)
	}
	defer pic.Frame.Release()
	if y := pic.Frame.Y[0]; y != 235 {
		t.Errorf("white is %d in the canvas' range", y)
	}
	if y := white.Y[0]; y != 255 {
		t.Errorf("the decoder's own picture is changed to %d", y)
	}
}

// TestNone has decoders that fail or need more data.
func TestNone(t *testing.T) {
	for _, want := range []error{nil, codec.ErrCorrupt} {
		local := fit.Local{Decoder: &still{err: want}}
		pic, err := local.DecodeTiles(nil, fit.Wanted{Tiles: [4]image.Point{{16, 16}}}, yuv.NewPool(1))
		if !errors.Is(err, want) || pic != (fit.Picture{}) {
			t.Errorf("%+v, %v", pic, err)
		}
	}
}

// TestPlace: what a tile shows of any source lies within the tile and has an even size, so that both
// sides of a worker lay it out alike.
func TestPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(0, 1<<14)
		w := fit.Wanted{Kind: layout.SourceKind(rapid.IntRange(0, 1).Draw(t, "kind"))}
		w.Tiles[2] = image.Pt(side.Draw(t, "tile x"), side.Draw(t, "tile y"))
		source := image.Pt(side.Draw(t, "x"), side.Draw(t, "y"))
		got := w.Place(2, source)
		if got.X < 0 || got.Y < 0 || got.X > w.Tiles[2].X || got.Y > w.Tiles[2].Y || got.X%2+got.Y%2 != 0 {
			t.Errorf("a source of %v has %v of a tile of %v", source, got, w.Tiles[2])
		}
		if (got.X == 0) != (got.Y == 0) {
			t.Errorf("%v is neither a size nor none", got)
		}
		if none := w.Place(0, source); none != (image.Point{}) {
			t.Errorf("no tile shows %v", none)
		}
	})
}
