package audio_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"tilemix/codec/pcm"
)

// recorded returns a recording at 48 kHz.
func recorded(t testing.TB, name string) []float32 {
	data, err := os.ReadFile(filepath.Join("../../../shared/media/audio", name))
	if err != nil {
		t.Skip("no recordings here: ", err)
	}
	data = data[44:]
	s := make([]float32, len(data)/2*3)
	at := func(i int) float64 {
		return float64(int16(binary.LittleEndian.Uint16(data[min(2*i, len(data)-2):]))) / (1 << 15)
	}
	for i := range s {
		w := float64(i%3) / 3
		s[i] = float32((1-w)*at(i/3) + w*at(i/3+1))
	}
	return s
}

// gain multiplies a sound by so many dB.
func gain(s []float32, db float64) []float32 {
	out := make([]float32, len(s))
	for i := range s {
		out[i] = s[i] * float32(math.Pow(10, db/20))
	}
	return out
}

// dBFS is the level of a sound, of its loud parts where active.
func dBFS(s []float32, active bool) float64 {
	var all, loud, n float64
	for _, v := range s {
		all += float64(v) * float64(v)
	}
	mean := all / float64(len(s))
	if !active {
		return 10 * math.Log10(mean+1e-13)
	}
	for len(s) >= pcm.Samples {
		p := 0.0
		for _, v := range s[:pcm.Samples] {
			p += float64(v) * float64(v)
		}
		if p/pcm.Samples > mean/20 {
			loud, n = loud+p, n+pcm.Samples
		}
		s = s[pcm.Samples:]
	}
	return 10 * math.Log10(loud/n+1e-13)
}

// hiss is noise at a level in dBFS, the same for each seed.
func hiss(samples int, db float64, seed uint64) []float32 {
	s := make([]float32, samples)
	a := float32(math.Sqrt(3) * math.Pow(10, db/20))
	for i := range s {
		seed = seed*6364136223846793005 + 1442695040888963407
		s[i] = a * float32(int32(seed>>32)) / (1 << 31)
	}
	return s
}

// phrases cuts a recording where somebody begins to speak after a pause.
func phrases(s []float32) (all [][]float32) {
	const grain = 240
	active := dBFS(s, true)
	quiet := 0
	for i := 4 * grain; i+30000 < len(s); i += grain {
		l := dBFS(s[i:i+grain], false)
		switch {
		case l < active-25:
			quiet++
			continue
		case l < active-18:
			continue
		case quiet > 20:
			all = append(all, s[i-2*grain:i+30000])
		}
		quiet = 0
	}
	return all
}

// word is a word that a fricative begins: how it swells, and its pitch, follow from n.
func word(n int) []float32 {
	const long = 9600
	s := make([]float32, long)
	f, swell := 90+float64(n*37%150), 400+float64(n*541%2600)
	fricative := 0.1 + 0.02*float64(n%10)
	last := float32(0)
	for i, h := range hiss(long, 0, uint64(n)) {
		t := float64(i)
		v := 0.0
		for k := 1.; k < 6; k++ {
			v += math.Sin(2*math.Pi*f*k*t/pcm.Rate) / k
		}
		voiced := min(t/swell/2, 1)
		s[i] = float32(fricative*min(t/swell, 1)*(1-voiced))*(h-last) + float32(v*voiced*voiced)
		last = h
	}
	begin, active := 0, dBFS(s, true)
	for dBFS(s[begin:begin+120], false) < active-30 {
		begin += 120
	}
	return s[begin:]
}
