package opus_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	libopus "github.com/hraban/opus"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
)

// foreign is an encoder of another sender: any channels and any packet length.
func foreign(t *testing.T, channels int, app libopus.Application) *libopus.Encoder {
	t.Helper()
	e, err := libopus.NewEncoder(pcm.Rate, channels, app)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDecodePacketLengths(t *testing.T) {
	for _, app := range []libopus.Application{libopus.AppVoIP, libopus.AppAudio, libopus.AppRestrictedLowdelay} {
		for _, samples := range []int{120, 240, 480, 960, 1920, 2880, 3840, 4800, 5760} {
			t.Run(fmt.Sprint(app, " ", samples), func(t *testing.T) {
				testLength(t, foreign(t, 1, app), samples)
			})
		}
	}
}

func testLength(t *testing.T, e *libopus.Encoder, samples int) {
	sound, d := codectest.Voice(60), newDecoder(t)
	packet, dst := make([]byte, 6*1275), make([]float32, 5760)
	var got []float32
	for at := 0; at+samples <= len(sound); at += samples {
		n, err := e.EncodeFloat32(sound[at:at+samples], packet)
		if err != nil {
			t.Fatal(err)
		}
		n, err = d.Decode(dst, packet[:n])
		if err != nil || n != samples {
			t.Fatalf("decoded %d samples, error %v, want %d", n, err, samples)
		}
		got = append(got, dst[:n]...)
	}
	if err := d.Recover(dst[:samples], nil); err != nil {
		t.Fatalf("conceal %d samples: %v", samples, err)
	}
	if ratio := codectest.Power(got) / codectest.Power(sound); ratio < 0.3 || ratio > 2 {
		t.Errorf("power changed by a factor of %.2f", ratio)
	}
}

// TestDecodeStereo sends a voice in the left channel only: as mono it has half
// the amplitude.
func TestDecodeStereo(t *testing.T) {
	e, d := foreign(t, 2, libopus.AppAudio), newDecoder(t)
	if err := e.SetBitrate(128_000); err != nil {
		t.Fatal(err)
	}
	sound := codectest.Voice(50)
	left := make([]float32, 2*len(sound))
	for i, v := range sound {
		left[2*i] = v
	}
	packet, dst := make([]byte, 1275), make([]float32, 5760)
	var got []float32
	for at := 0; at < len(left); at += 2 * pcm.Samples {
		n, err := e.EncodeFloat32(left[at:at+2*pcm.Samples], packet)
		if err != nil {
			t.Fatal(err)
		}
		n, err = d.Decode(dst, packet[:n])
		if err != nil || n != pcm.Samples {
			t.Fatalf("decoded %d samples, error %v", n, err)
		}
		got = append(got, dst[:n]...)
	}
	if snr := codectest.SNR(sound, got); snr < 12 {
		t.Errorf("signal-to-noise ratio is %.1f dB", snr)
	}
	if gain := math.Sqrt(codectest.Power(got) / codectest.Power(sound)); gain < 0.4 || gain > 0.6 {
		t.Errorf("gain is %.2f, want 0.5", gain)
	}
}

// TestHostilePackets are those that RFC 6716 §3.4 forbids.
func TestHostilePackets(t *testing.T) {
	for name, packet := range map[string][]byte{
		"nothing":                           {},
		"two equal frames, odd length (R3)": {0x01, 1, 2, 3, 4, 5, 6, 7},
		"second frame longer than rest":     {0x02, 250, 1, 2},
		"two-byte length cut":               {0x02, 252},
		"count missing":                     {0x03},
		"no frames (R5)":                    {0x03, 0x00, 1, 2, 3},
		"over 120 ms (R5)":                  {0x1b, 0x03, 1, 2, 3},
		"49 frames":                         {0xe3, 49, 1, 2, 3},
		"padding longer than packet":        {0x03, 0x41, 200, 1, 2},
		"padding without end":               {0x03, 0x41, 255, 255, 255},
		"lengths longer than packet":        {0x03, 0x82, 100, 1, 2},
		"uneven constant lengths":           {0x03, 0x03, 1, 2, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t)
			n, err := d.Decode(make([]float32, 5760), packet)
			if n != 0 || !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("%d samples, error %v", n, err)
			}
		})
	}
}
