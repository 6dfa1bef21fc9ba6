package bench

import (
	"fmt"
	"math"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

const (
	spoken     = 100 // packets of a voice, 2 s
	chirpEvery = pcm.Rate / 2
	chirpLen   = pcm.Rate / 50
)

// chirp is a sound that is found again in a mix: it sweeps from 1 to 3.5 kHz.
func chirp() []float32 {
	c := make([]float32, chirpLen)
	for i := range c {
		t := float64(i) / chirpLen
		phase := 2 * math.Pi * float64(chirpLen) / pcm.Rate * (1000*t + 1250*t*t)
		c[i] = float32(0.5 * math.Sin(phase) * math.Sin(math.Pi*t))
	}
	return c
}

// utter returns what a speaker says: syllables of a deep voice, with chirps in
// between where chirps is set.
func utter(chirps bool) []float32 {
	s := make([]float32, spoken*pcm.Samples)
	for i := range s {
		t := float64(i) / pcm.Rate
		pitch := 2 * math.Pi * (130*t + 3*math.Sin(2*math.Pi*3*t)/3)
		syllable := math.Pow(math.Abs(math.Sin(2*math.Pi*2*t)), 2)
		for k := 1.0; k <= 6; k++ {
			s[i] += float32(0.12 / k * syllable * math.Sin(k*pitch))
		}
	}
	if !chirps {
		return s
	}
	for at := chirpEvery / 2; at+chirpLen < len(s); at += chirpEvery {
		for i, v := range chirp() {
			s[at+i] += v
		}
	}
	return s
}

// newVoice encodes a sound that is said again and again. It is encoded twice over,
// so that the end fits the beginning.
func newVoice(sound []float32) (*bot.Voice, error) {
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	v := &bot.Voice{}
	var packet [1275]byte
	for round := range 2 {
		for at := 0; at < len(sound); at += pcm.Samples {
			block := sound[at:][:pcm.Samples]
			n, err := enc.Encode(packet[:], block)
			if err != nil {
				return nil, fmt.Errorf("encode a voice: %w", err)
			}
			if round == 1 {
				v.Packets = append(v.Packets, append([]byte(nil), packet[:n]...))
				v.Levels = append(v.Levels, min(pcm.Level(block), 127))
			}
		}
	}
	return v, nil
}
