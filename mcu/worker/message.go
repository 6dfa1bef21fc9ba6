package worker

import (
	"encoding/binary"
	"errors"
	"image"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mixer/layout"
)

// size is the bytes of a request and of a reply.
const size = 32

// task is what a request asks for.
type task uint8

const (
	enter  task = iota + 1 // serve the slot, from now on; it comes by the socket
	decode                 // decode the slot's access unit
	shut                   // end the slot's decoders; nobody waits for the reply
	listen                 // decode the slot's sounds: length is how many orders there are
)

// request is what the server asks a worker for.
type request struct {
	task   task
	slot   uint8      // of enter
	kind   codec.Kind // of decode
	anew   bool       // with a new decoder
	lost   bool       // access units are missing before this one
	length int        // of the access unit, bytes
	wanted fit.Wanted // without tiles: the whole picture
}

// The flags of a request.
const (
	withNew = 1 << iota
	withLoss
)

func (r *request) put(b *[size]byte) {
	*b = [size]byte{byte(r.task), r.slot, byte(r.kind), 0, byte(r.wanted.Kind), r.wanted.Whole}
	if r.anew {
		b[3] |= withNew
	}
	if r.lost {
		b[3] |= withLoss
	}
	binary.LittleEndian.PutUint32(b[8:], uint32(r.length))
	for i, t := range r.wanted.Tiles {
		binary.LittleEndian.PutUint16(b[16+4*i:], uint16(t.X))
		binary.LittleEndian.PutUint16(b[18+4*i:], uint16(t.Y))
	}
}

// get reads a request, and tells whether it is one.
func (r *request) get(b *[size]byte) bool {
	*r = request{
		task: task(b[0]), slot: b[1], kind: codec.Kind(b[2]), anew: b[3]&withNew != 0, lost: b[3]&withLoss != 0,
		length: int(binary.LittleEndian.Uint32(b[8:])), wanted: fit.Wanted{Kind: layout.SourceKind(b[4]), Whole: b[5]},
	}
	for i := range r.wanted.Tiles {
		r.wanted.Tiles[i] = image.Pt(int(binary.LittleEndian.Uint16(b[16+4*i:])), int(binary.LittleEndian.Uint16(b[18+4*i:])))
	}
	return r.task >= enter && r.task <= listen && r.slot < slots && r.length <= unit
}

// result says how a request ended.
type result uint8

const (
	ready    result = iota + 1 // the worker is locked in; flags has its level
	picture                    // there is one in the slot
	none                       // the decoder needs more data
	corrupt                    // codec.ErrCorrupt
	tooLarge                   // limit.ErrTooLarge
	noMemory                   // limit.ErrNoMemory
	failed                     // no decoder
	heard                      // the slot's sounds are decoded, as far as they can be
)

// reply is what a worker answers.
type reply struct {
	result        result
	flags         uint8 // colour of a whole picture, or level of the sandbox
	width, height int   // of the picture as it was decoded, pixels
	held          int64 // bytes that the decoder claims (package limit)
}

// The flags of a picture.
const (
	fullRange = 1 << iota
	bt709
)

func (r reply) put(b *[size]byte) {
	*b = [size]byte{byte(r.result), r.flags}
	binary.LittleEndian.PutUint32(b[4:], uint32(r.width))
	binary.LittleEndian.PutUint32(b[8:], uint32(r.height))
	binary.LittleEndian.PutUint64(b[16:], uint64(r.held))
}

// get reads a reply, and tells whether it is one.
func (r *reply) get(b *[size]byte) bool {
	const side = 1 << 14
	width, height := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	*r = reply{result: result(b[0]), flags: b[1], width: int(width), height: int(height), held: int64(binary.LittleEndian.Uint64(b[16:]))}
	if r.result < ready || r.result > heard || r.held < 0 {
		return false
	}
	return r.result != picture || width-1 < side && height-1 < side
}

// colour returns how the picture's samples stand for colours.
func (r reply) colour() yuv.Colour {
	return yuv.Colour{FullRange: r.flags&fullRange != 0, BT709: r.flags&bt709 != 0}
}

// flagsOf returns the flags of a picture's colours.
func flagsOf(c yuv.Colour) (flags uint8) {
	if c.FullRange {
		flags |= fullRange
	}
	if c.BT709 {
		flags |= bt709
	}
	return flags
}

// resultOf returns what a decoder's error is on the wire.
func resultOf(err error) result {
	switch {
	case errors.Is(err, limit.ErrTooLarge):
		return tooLarge
	case errors.Is(err, limit.ErrNoMemory):
		return noMemory
	case errors.Is(err, codec.ErrCorrupt):
		return corrupt
	}
	return failed
}
