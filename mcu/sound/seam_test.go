package sound

import (
	"bytes"
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec/codectest"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/scene"
)

// seam is a listener that speaks for a while, and one that is silent and keeps the shared
// encoder in use. Somebody else, whom both hear, speaks all the time.
type seam struct {
	t      *testing.T
	clock  *Clock
	sounds []float32
	at     int
}

// bitrate is as in a server without options.
const bitrate = 32_000

func newSeam(t *testing.T, blocks int) *seam {
	chain := scene.NewChain()
	c := NewClock(Env{Bitrate: bitrate, Metrics: NewMetrics(prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"}))}, chain)
	chain.Publish(&scene.Scene{Listeners: []scene.Listener{{ID: "a", Stream: &ear{}}, {ID: "b", Stream: &ear{}}}})
	c.advance()
	sounds := codectest.Voice(blocks)
	for i, v := range sounds { // so that what is added and subtracted again leaves nothing
		sounds[i] = float32(math.Round(float64(v)*4096) / 4096)
	}
	return &seam{t: t, clock: c, sounds: sounds}
}

// tick is what Clock.tick does when it has pulled from everybody. It returns the packets
// of the listener's own encoder, if it has one, and of the shared one.
func (s *seam) tick(open bool) (own, shared []byte) {
	c, l := s.clock, s.clock.listeners[0]
	block := pcm.Block(s.sounds[s.at*pcm.Samples:])
	c.sums.reset()
	c.sums.mono.Add(&block)
	if l.open = open; open {
		l.said = pcm.Block(s.sounds[len(s.sounds)-(s.at+1)*pcm.Samples:])
		c.sums.mono.Add(&l.said)
	}
	s.at++
	now := c.cursor.Scene()
	for _, l := range c.listeners {
		c.outputs.assign(l, true)
	}
	c.outputs.sendShared(&c.sums, now, c.listeners, stamp{}, 0)
	c.outputs.sendOwn(&c.sums, l, now.Listeners[0].Stream, stamp{})
	if l.own != nil {
		own = bytes.Clone(l.own.payload[0])
	}
	return own, bytes.Clone(c.outputs.shared.payload[0])
}

// alone encodes what the listener hears with an encoder that nobody else has.
func (s *seam) alone() [][]byte {
	e, err := newOutput(bitrate, false)
	if err != nil {
		s.t.Fatal(err)
	}
	var packets [][]byte
	for i := 0; i < len(s.sounds); i += pcm.Samples {
		block := pcm.Block(s.sounds[i:])
		if err := e.encode(&block); err != nil {
			s.t.Fatal(err)
		}
		packets = append(packets, bytes.Clone(e.payload[0]))
	}
	return packets
}

func decoded(t *testing.T, packets [][]byte) []float32 {
	d, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var all []float32
	block := make([]float32, 5760)
	for _, p := range packets {
		n, err := d.Decode(block, p)
		if err != nil || n != pcm.Samples {
			t.Fatalf("%d samples, %v", n, err)
		}
		all = append(all, block[:n]...)
	}
	return all
}

// below is how many dB the difference to a sound is under it, in one block.
func below(sound, other []float32, block int) float64 {
	var energy, difference float64
	for i := block * pcm.Samples; i < (block+1)*pcm.Samples; i++ {
		energy += float64(sound[i]) * float64(sound[i])
		d := float64(sound[i] - other[i])
		difference += d * d
	}
	return 10 * math.Log10(energy/difference)
}

// TestSeam has a listener that speaks for a while. It gets an encoder of its own without
// any seam: until that is taken back it is sent what an encoder makes that it has alone.
// When it goes back to the shared one, a seam is what it hears in other ways than a
// listener that heard the shared one all the time. The seam is 12 dB under the sound when
// the listener goes back at once.
func TestSeam(t *testing.T) {
	const before, speaks, after = 30, 40, 25
	const blocks = before + speaks + handBack + after
	s := newSeam(t, blocks)
	var got, shared [][]byte
	back := 0 // the first packet of the shared encoder again
	for i := range blocks {
		own, others := s.tick(i >= before && i < before+speaks)
		shared = append(shared, others)
		if own == nil {
			own = others
			if back == 0 && i > before {
				back = i
			}
		}
		got = append(got, own)
	}
	if want := before + speaks + handBack; back != want {
		t.Fatalf("its encoder is taken back at block %d, not %d", back, want)
	}
	for i, want := range s.alone()[:back] {
		if !bytes.Equal(got[i], want) {
			t.Fatalf("block %d: %d bytes, not the %d of an encoder that it has alone", i, len(got[i]), len(want))
		}
	}
	heard, others := decoded(t, got), decoded(t, shared)
	for i := range after {
		if db := below(others, heard, back+i); db < 20 {
			t.Errorf("the seam is %.1f dB under the sound in block %d", db, i)
		}
	}
}
