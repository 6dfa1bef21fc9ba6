package opus_test

import (
	"errors"
	"math"
	"testing"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

// TestSetSignal changes back and forth: the packets are of the other coding, and the decoder
// hears a tone go on without a click.
func TestSetSignal(t *testing.T) {
	const blocks = 200
	e, d := newEncoder(t, 32_000), newDecoder(t)
	var heard []float32
	out := make([]float32, 5760)
	at := 0
	for n := range blocks {
		signal := []opus.Signal{opus.Voice, opus.Music}[n/25%2]
		if err := e.SetSignal(signal); err != nil {
			t.Fatal(err)
		}
		sound := make([]float32, pcm.Samples)
		for i := range sound {
			sound[i] = float32(0.3 * math.Sin(2*math.Pi*400*float64(at)/pcm.Rate))
			at++
		}
		packet := encode(t, e, sound)
		if celt := packet[0]>>3 >= 16; n%25 > 2 && celt != (signal == opus.Music) {
			t.Fatalf("block %d: transform coding %v", n, celt)
		}
		if _, err := d.Decode(out, packet); err != nil {
			t.Fatal(err)
		}
		heard = append(heard, out[:pcm.Samples]...)
	}
	// A click is wide: what is left of the tone above 5 kHz, by differences over 100 us.
	for i := 10 * pcm.Samples; i < len(heard)-4; i++ {
		second := math.Abs(float64(heard[i] - 2*heard[i+2] + heard[i+4]))
		const turn = 2 * math.Pi * 400 * 2 / pcm.Rate
		if most := 0.3 * turn * turn; second > most+0.02 {
			t.Fatalf("a click of %.3f in block %d", second-most, i/pcm.Samples)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.SetSignal(opus.Music); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := newEncoder(t, 32_000).SetSignal(5); err == nil {
		t.Error("libopus takes a signal that there is not")
	}
}
