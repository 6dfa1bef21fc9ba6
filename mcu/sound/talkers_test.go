package sound

import (
	"encoding/binary"
	"math"
	"os"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
)

// player is a microphone that plays a sound again and again.
type player struct {
	sound []float32
	at    int
}

func (p *player) Pull(dst *pcm.Block, _ time.Time) (level uint8, ok bool) {
	for i := range dst {
		dst[i] = p.sound[p.at%len(p.sound)]
		p.at++
	}
	return pcm.Level(dst[:]), true
}
func (*player) Close() error { return nil }

// recorded is where recordings of speech are, on machines that have them.
const recorded = "../../../shared/media/audio/"

// talkers returns people that talk, as recorded, each with a peak and at another place, or
// voices made up where no recordings are.
func talkers(n int, peak float64) (all []*player) {
	for i := range n {
		data, err := os.ReadFile(recorded + []string{"katie_16k.wav", "steve_16k.wav"}[i%2])
		s := codectest.Voice(50 * (3 + i))
		if err == nil {
			data = data[44:]
			s = make([]float32, len(data)/2*3)
			for i := range s {
				at := min(i/3*2, len(data)-4)
				a, b := int16(binary.LittleEndian.Uint16(data[at:])), int16(binary.LittleEndian.Uint16(data[at+2:]))
				s[i] = (float32(a)*float32(3-i%3) + float32(b)*float32(i%3)) / 3 / 32768
			}
		}
		most := float32(0)
		for _, v := range s {
			most = max(most, v, -v)
		}
		for i := range s {
			s[i] *= float32(math.Pow(10, peak/20)) / most
		}
		all = append(all, &player{s, i * 71000})
	}
	return all
}
