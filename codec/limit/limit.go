// Package limit bounds what decoders of pictures take: how large a stream's pictures may be, and
// how much memory all decoders together may hold.
//
// A few bytes of a stream make a decoder allocate its reference pictures: 20 bytes of an H.264
// sequence parameter set, or ten bytes of a VP8 key frame, are enough for hundreds of megabytes.
// A decoder therefore makes a [Claim] before its library reads those bytes, and refuses the
// access unit where the claim fails.
package limit

import (
	"fmt"
	"sync/atomic"

	"tilemix/codec"
)

// ErrTooLarge is of a stream whose pictures are larger than the server takes, and ErrNoMemory of
// one for which no memory is left. Both wrap codec.ErrCorrupt: the stream gives no picture.
var (
	ErrTooLarge = fmt.Errorf("pictures are larger than the limit: %w", codec.ErrCorrupt)
	ErrNoMemory = fmt.Errorf("decoders hold as much memory as they may: %w", codec.ErrCorrupt)
)

// Limits are what one decoder is held to. The zero value has none.
type Limits struct {
	Pixels int     // of a picture as it is coded, width times height, at most; 0: what a decoder takes
	Memory *Memory // that the decoder shares with others; nil: no bound
}

// Memory is what several decoders may hold together. It is safe for concurrent use.
type Memory struct {
	most int64
	held atomic.Int64
}

// NewMemory returns a Memory of a number of bytes.
func NewMemory(bytes int64) *Memory { return &Memory{most: bytes} }

// Most returns the bytes that decoders may hold.
func (m *Memory) Most() int64 { return m.most }

// Held returns the bytes that decoders hold now, by their claims.
func (m *Memory) Held() int64 { return m.held.Load() }

// take moves what is held by n bytes, and tells whether that is allowed.
func (m *Memory) take(n int64) bool {
	if m.held.Add(n) <= m.most || n <= 0 {
		return true
	}
	m.held.Add(-n)
	return false
}

// Claim is what one decoder has of its Limits. It belongs to the decoder's goroutine. The zero
// value holds nothing.
type Claim struct {
	memory *Memory
	held   int64
}

// Raise claims memory for a stream of width x height pixels, of which the decoder keeps a number
// of pictures. What was claimed before for a smaller stream is part of it; a claim for a larger one
// stays as it is. On ErrTooLarge and ErrNoMemory the claim is unchanged.
func (c *Claim) Raise(l Limits, width, height, pictures int) error {
	if l.Pixels > 0 && width*height > l.Pixels {
		return ErrTooLarge
	}
	if l.Memory == nil {
		return nil
	}
	// 4:2:0 takes 3/2 bytes a pixel. Half a byte more is for the borders around a picture, and for
	// what a decoder notes of each macroblock.
	more := int64(width)*int64(height)*2*int64(pictures) - c.held
	if more <= 0 {
		return nil
	}
	if !l.Memory.take(more) {
		return ErrNoMemory
	}
	c.memory = l.Memory
	c.held += more
	return nil
}

// Hold claims a number of bytes in all, which may be less than before. It is for a decoder in another
// process, which says what it holds. On ErrNoMemory the claim is unchanged.
func (c *Claim) Hold(l Limits, bytes int64) error {
	if l.Memory == nil || bytes == c.held {
		return nil
	}
	if !l.Memory.take(bytes - c.held) {
		return ErrNoMemory
	}
	c.memory, c.held = l.Memory, bytes
	return nil
}

// Release gives everything back. The claim can be used again.
func (c *Claim) Release() {
	if c.memory != nil {
		c.memory.take(-c.held)
	}
	*c = Claim{}
}
