package h264_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/yuv"
)

// vui is what a set's VUI begins with (H.264 §E.1.1), up to the colour
// description; nothing follows.
func vui(more ...field) []field { return append(more, field{0, 6}) }

var (
	noAspect   = []field{{0, 1}, {0, 1}}                                     // no aspect ratio, no overscan
	fullAspect = []field{{1, 1}, {255, 8}, {4, 16}, {0, 16}, {1, 1}, {1, 1}} // its zeros need emulation prevention
)

// signal says of what kind the signal is: range, primaries, transfer, matrix.
func signal(full uint, codes ...uint) []field {
	out := []field{{1, 1}, {5, 3}, {full, 1}}
	if len(codes) == 0 {
		return append(out, field{0, 1})
	}
	out = append(out, field{1, 1})
	for _, code := range codes {
		out = append(out, field{code, 8})
	}
	return out
}

func join(parts ...[]field) []field {
	var out []field
	for _, p := range parts {
		out = append(out, p...)
	}
	return vui(out...)
}

func TestColour(t *testing.T) {
	for name, test := range map[string]struct {
		set  spsFields
		want yuv.Colour
	}{
		"no VUI":           {spsFields{}, yuv.Colour{}},
		"no signal":        {spsFields{vui: join(noAspect, []field{{0, 1}})}, yuv.Colour{}},
		"limited":          {spsFields{vui: join(noAspect, signal(0))}, yuv.Colour{}},
		"full":             {spsFields{vui: join(noAspect, signal(1))}, yuv.Colour{FullRange: true}},
		"SMPTE 170M":       {spsFields{vui: join(noAspect, signal(0, 6, 6, 6))}, yuv.Colour{}},
		"BT.470BG, full":   {spsFields{vui: join(noAspect, signal(1, 5, 1, 5))}, yuv.Colour{FullRange: true}},
		"BT.709":           {spsFields{vui: join(noAspect, signal(0, 1, 1, 1))}, yuv.Colour{BT709: true}},
		"BT.709, full":     {spsFields{vui: join(noAspect, signal(1, 1, 13, 1))}, yuv.Colour{BT709: true, FullRange: true}},
		"BT.709 primaries": {spsFields{vui: join(noAspect, signal(0, 1, 1, 6))}, yuv.Colour{}},
		"unspecified":      {spsFields{vui: join(noAspect, signal(0, 2, 2, 2))}, yuv.Colour{}},
		"reserved":         {spsFields{vui: join(noAspect, signal(0, 255, 255, 255))}, yuv.Colour{}},
		"BT.2020":          {spsFields{vui: join(noAspect, signal(0, 9, 14, 9))}, yuv.Colour{BT709: true}},
		"behind an aspect": {spsFields{vui: join(fullAspect, signal(1, 1, 1, 1))}, yuv.Colour{BT709: true, FullRange: true}},
		"high, cropped":    {spsFields{profile: 100, cropped: true, vui: join(noAspect, signal(1, 1, 1, 1))}, yuv.Colour{BT709: true, FullRange: true}},
		"main, order 1":    {spsFields{profile: 77, orderType: 1, vui: join(noAspect, signal(0, 1, 1, 1))}, yuv.Colour{BT709: true}},
		"interlaced":       {spsFields{profile: 77, interlaced: true, vui: join(noAspect, signal(0, 1, 1, 1))}, yuv.Colour{BT709: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.set.profile == 0 {
				test.set.profile = 66
			}
			test.set.width, test.set.height, test.set.refs = 80, 34, 1
			d, err := newDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			set := sequenceSet(test.set)
			if _, err := d.Decode(set); errors.Is(err, codec.ErrClosed) {
				t.Fatal(err)
			}
			if got := d.(codec.ColourTeller).Colour(); got != test.want {
				t.Errorf("colour is %+v, want %+v", got, test.want)
			}
			for n := 5; n < len(set); n++ { // cut, it says that or nothing
				_, err := d.Decode(set[:n])
				corruptOrFine(t, err)
				if got := d.(codec.ColourTeller).Colour(); got != test.want && got != (yuv.Colour{}) {
					t.Errorf("colour after %d bytes is %+v", n, got)
				}
			}
		})
	}
}

// TestColourOfStreams reads what x264 writes.
func TestColourOfStreams(t *testing.T) {
	for _, profile := range []string{"baseline", "high"} {
		for options, want := range map[string]yuv.Colour{
			"": {},
			"-color_range pc -colorspace bt709 -color_primaries bt709 -color_trc bt709": {FullRange: true, BT709: true},
			"-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709": {BT709: true},
			"-color_range tv -colorspace smpte170m":                                     {},
		} {
			t.Run(profile+" "+options, func(t *testing.T) {
				aus, _ := foreign(t, "-profile:v "+profile+" "+options)
				d, err := newDecoder()
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				if _, err := d.Decode(aus[0]); err != nil {
					t.Fatal(err)
				}
				if got := d.(codec.ColourTeller).Colour(); got != want {
					t.Errorf("colour is %+v, want %+v", got, want)
				}
			})
		}
	}
}

// TestOwnColour looks for the colour description in the encoder's own set:
// video_signal_type_present_flag, video_format 5, limited range, a description, and
// three times SMPTE 170M.
func TestOwnColour(t *testing.T) {
	au := keyFrame(t, 320, 180)
	var set, want strings.Builder
	for _, b := range nals(au)[0] {
		fmt.Fprintf(&set, "%08b", b)
	}
	for _, f := range signal(0, 6, 6, 6) {
		fmt.Fprintf(&want, "%0*b", f.n, f.v)
	}
	if !strings.Contains(set.String(), want.String()) {
		t.Errorf("%s is not in the set %s", want.String(), set.String())
	}
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Decode(au); err != nil {
		t.Fatal(err)
	}
	if got := d.(codec.ColourTeller).Colour(); got != (yuv.Colour{}) {
		t.Errorf("the decoder reads %+v", got)
	}
}

// TestOwnColourByOthers asks ffprobe.
func TestOwnColourByOthers(t *testing.T) {
	codectest.Program(t, "ffprobe")
	cmd := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-f", "h264",
		"-show_entries", "stream=color_range,color_space,color_transfer,color_primaries", "-of", "csv=p=0", "-")
	cmd.Stdin = bytes.NewReader(keyFrame(t, 320, 180))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.TrimSpace(out)); got != "tv,smpte170m,smpte170m,smpte170m" {
		t.Errorf("ffprobe says %s", got)
	}
}
