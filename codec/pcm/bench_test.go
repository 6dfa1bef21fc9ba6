package pcm_test

import (
	"testing"

	"tilemix/codec/pcm"
)

func BenchmarkAdd25(b *testing.B) {
	voices := tone(25, 300, 0.1)
	var sum pcm.Block
	b.ReportAllocs()
	for b.Loop() {
		sum = pcm.Block{}
		for i := range voices {
			sum.Add(&voices[i])
		}
	}
}

func BenchmarkLimiter(b *testing.B) {
	for name, amplitude := range map[string]float64{"quiet": 0.5, "loud": 3} {
		b.Run(name, func(b *testing.B) {
			in := tone(1, 300, amplitude)[0]
			var l pcm.Limiter
			b.ReportAllocs()
			for b.Loop() {
				out := in
				l.Apply(&out)
			}
		})
	}
}

func BenchmarkLevel(b *testing.B) {
	in := tone(1, 300, 0.5)[0]
	b.ReportAllocs()
	for b.Loop() {
		pcm.Level(in[:])
	}
}
