package h264

import (
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

// Unit says what an access unit holds.
type Unit struct {
	Slices bool // any slice at all
	IDR    bool // decoding can begin here
	Late   bool // its picture may come with a later access unit, because pictures come in another order
}

// Gate looks at access units before a library's decoder does, and refuses those of streams that are over
// its limits. It belongs to one decoder.
type Gate struct{ sps sps }

// NewGate returns a Gate of a decoder with limits.
func NewGate(limits limit.Limits) *Gate { return &Gate{sps{limits: limits}} }

// Pass looks at an access unit. It returns limit.ErrTooLarge, limit.ErrNoMemory or another error that wraps
// codec.ErrCorrupt for one that must not reach the decoder.
func (g *Gate) Pass(au []byte) (Unit, error) {
	switch {
	case len(au) == 0:
		return Unit{}, errEmpty
	case len(au) > maxAccessUnit:
		return Unit{}, errTooLong
	}
	has, err := inspect(au, &g.sps)
	return Unit{Slices: has.slices, IDR: has.idr, Late: g.sps.reorders()}, err
}

// Renew claims for the last stream alone, where a decoder has let go of all pictures.
func (g *Gate) Renew() error { return g.sps.renew() }

// Colour returns what the last sequence parameter set says of colours.
func (g *Gate) Colour() yuv.Colour { return g.sps.colour }

// Close gives back what was claimed.
func (g *Gate) Close() { g.sps.claim.Release() }
