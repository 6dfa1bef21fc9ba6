package pcm_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"tilemix/codec/pcm"
)

// TestCompressJoinsItsNeighbours plays blocks 1 and 2 of four in the time of one:
// no sample of the result bends sharper than the sound itself does.
func TestCompressJoinsItsNeighbours(t *testing.T) {
	for freq := 60.0; freq < 4000; freq *= 1.13 {
		b := tone(4, freq, 0.5)
		usual := bend(join(b...))
		var short pcm.Block
		pcm.Compress(&short, &b[1], &b[2])
		got := join(b[0], short, b[3])
		if sharpest := bend(got); sharpest > 1.3*usual+1e-3 {
			t.Errorf("%.0f Hz: bends by %.5f, the tone itself by %.5f", freq, sharpest, usual)
		}
		if short[0] != b[1][0] && math.Abs(float64(short[0]-b[1][0])) > 1e-4 {
			t.Errorf("%.0f Hz: begins with %v, not %v", freq, short[0], b[1][0])
		}
	}
}

// TestCompressIsExactOnWholePeriods: where one block is a whole number of periods
// nothing is to be heard at all.
func TestCompressIsExactOnWholePeriods(t *testing.T) {
	b := tone(2, 400, 0.5)
	var short pcm.Block
	pcm.Compress(&short, &b[0], &b[1])
	for i := range short {
		if math.Abs(float64(short[i]-b[0][i])) > 1e-5 {
			t.Fatalf("sample %d is %v, want %v", i, short[i], b[0][i])
		}
	}
}

// TestCompressFindsTheBestPlace has two blocks that are alike in one stretch only.
func TestCompressFindsTheBestPlace(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, from := range []int{0, 100, 300, 480} {
		var a, b, short pcm.Block
		for i := range a {
			a[i], b[i] = rnd.Float32()-0.5, rnd.Float32()-0.5
			if i >= from && i < from+480 {
				b[i] = a[i]
			}
		}
		pcm.Compress(&short, &a, &b)
		for i := range short {
			want := a[i]
			if i >= from+480 {
				want = b[i]
			}
			if math.Abs(float64(short[i]-want)) > 1e-6 {
				t.Fatalf("alike from %d: sample %d is %v, want %v", from, i, short[i], want)
			}
		}
	}
}

// TestCompressKeepsTheLevel: noise must not dip where the fade crosses.
func TestCompressKeepsTheLevel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var sum float64
	for range 200 {
		var a, b pcm.Block
		for i := range a {
			a[i], b[i] = float32(rnd.NormFloat64()), float32(rnd.NormFloat64())
		}
		pcm.Compress(&b, &a, &b)
		sum += rms(b[:]) / 200
	}
	if math.Abs(20*math.Log10(sum)) > 0.3 {
		t.Errorf("noise at 0 dB comes out at %.2f dB", 20*math.Log10(sum))
	}
}

func TestCompressInPlace(t *testing.T) {
	b := tone(2, 333, 0.5)
	var want pcm.Block
	pcm.Compress(&want, &b[0], &b[1])
	first, second := b[0], b[1]
	pcm.Compress(&first, &first, &b[1])
	pcm.Compress(&second, &b[0], &second)
	if first != want || second != want {
		t.Error("another result in the place of a or b")
	}
}

func TestCompressSilence(t *testing.T) {
	var a, b, short pcm.Block
	short[100] = 1
	pcm.Compress(&short, &a, &b)
	if short != (pcm.Block{}) {
		t.Error("silence became sound")
	}
}
