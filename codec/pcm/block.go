// Package pcm is sound as numbers: blocks of mono float32 samples at 48 kHz in
// ±1, their sums, levels and limits. It allocates nothing and keeps nothing but
// what a type's doc says.
package pcm

import "time"

const (
	// Rate is the sample rate of all sound in the mixer, in Hz.
	Rate = 48000
	// Samples is the length of a Block, in samples.
	Samples = 960
	// Duration is the length of a Block in time.
	Duration = 20 * time.Millisecond
)

// Block is 20 ms of mono sound at 48 kHz.
type Block [Samples]float32

// Add adds b to the block, without clipping. The loop goes by four, which takes two
// thirds of the time of one by one: it is run for every voice.
func (a *Block) Add(b *Block) {
	for i := 0; i < Samples; i += 4 {
		x, y := (*[4]float32)(a[i:]), (*[4]float32)(b[i:])
		x[0] += y[0]
		x[1] += y[1]
		x[2] += y[2]
		x[3] += y[3]
	}
}

// Sub takes b from the block, without clipping.
func (a *Block) Sub(b *Block) {
	for i := 0; i < Samples; i += 4 {
		x, y := (*[4]float32)(a[i:]), (*[4]float32)(b[i:])
		x[0] -= y[0]
		x[1] -= y[1]
		x[2] -= y[2]
		x[3] -= y[3]
	}
}
