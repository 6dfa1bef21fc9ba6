package mcu

import (
	"bytes"
	"math"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/rtc/send"
)

// seam is a listener who speaks for a while, and one who is silent and keeps the
// shared ear live. Somebody else, whom both hear, speaks all the time.
type seam struct {
	t      *testing.T
	clock  *soundClock
	sounds []float32
	at     int
}

func newSeam(t *testing.T, blocks int) *seam {
	server := &Server{cfg: DefaultConfig()}
	server.stats = newStats(server)
	scene := newScene()
	for range 2 {
		scene.seats = append(scene.seats, seat{p: &Participant{}, sound: &send.Downlink{}})
	}
	sounds := codectest.Voice(blocks)
	for i, v := range sounds { // so that what is added and subtracted again leaves nothing
		sounds[i] = float32(math.Round(float64(v)*4096) / 4096)
	}
	return &seam{t: t, clock: &soundClock{room: &Room{server: server}, scene: scene}, sounds: sounds}
}

// tick is what soundClock.tick does when it has heard everybody. It returns the
// packets of the listener's own ear, if he has one, and of the shared one.
func (s *seam) tick(open bool) (own, shared []byte) {
	c, listener := s.clock, &s.clock.scene.seats[0]
	block := pcm.Block(s.sounds[s.at*pcm.Samples:])
	c.mixer.Reset()
	c.mixer.Add(&block)
	snd := &listener.p.sound
	if snd.open = open; open {
		snd.block = pcm.Block(s.sounds[len(s.sounds)-(s.at+1)*pcm.Samples:])
		c.mixer.Add(&snd.block)
	}
	s.at++
	for i := range c.scene.seats {
		c.assign(&c.scene.seats[i])
	}
	c.sendShared()
	c.sendOwn(listener)
	if snd.own != nil {
		own = bytes.Clone(snd.own.payload[0])
	}
	return own, bytes.Clone(c.shared.payload[0])
}

// alone encodes what the listener hears with an ear that nobody else has.
func (s *seam) alone() [][]byte {
	e, err := newEar(DefaultConfig().AudioBitrate)
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

// TestSeam listens with somebody who speaks for a while. He gets an ear of his own
// without any seam: until it is taken back he is sent what an encoder makes that is his
// alone. When he goes back to the shared one, a seam is what he hears in other ways
// than who has listened to that all the time. It is 12 dB under the sound when he
// goes back at once.
func TestSeam(t *testing.T) {
	const before, speaks, after = 30, 40, 25
	const blocks = before + speaks + handBack + after
	s := newSeam(t, blocks)
	var got, shared [][]byte
	back := 0 // the first packet of the shared ear again
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
		t.Fatalf("his ear is taken back at block %d, not %d", back, want)
	}
	for i, want := range s.alone()[:back] {
		if !bytes.Equal(got[i], want) {
			t.Fatalf("block %d: %d bytes, not the %d of an encoder that is his alone", i, len(got[i]), len(want))
		}
	}
	heard, others := decoded(t, got), decoded(t, shared)
	for i := range after {
		if db := below(others, heard, back+i); db < 20 {
			t.Errorf("the seam is %.1f dB under the sound in block %d", db, i)
		}
	}
}
