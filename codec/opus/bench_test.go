package opus_test

import (
	"testing"

	"tilemix/codec/codectest"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

// BenchmarkEncode encodes 20 ms.
func BenchmarkEncode(b *testing.B) {
	for name, signal := range map[string]opus.Signal{"voice": opus.Voice, "music": opus.Music} {
		b.Run(name, func(b *testing.B) {
			e, sound, dst := newEncoder(b, 32_000), codectest.Voice(50), make([]byte, 1275)
			if err := e.SetSignal(signal); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := e.Encode(dst, sound[i%50*pcm.Samples:][:pcm.Samples]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecode decodes 20 ms.
func BenchmarkDecode(b *testing.B) {
	e, d, sound, dst := newEncoder(b, 32_000), newDecoder(b), codectest.Voice(50), make([]float32, 5760)
	packets := make([][]byte, 50)
	for i := range packets {
		packets[i] = encode(b, e, sound[i*pcm.Samples:])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := d.Decode(dst, packets[i%50]); err != nil {
			b.Fatal(err)
		}
	}
}
