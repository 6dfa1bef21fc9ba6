package worker

import (
	"encoding/binary"
	"errors"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

// size is the bytes of a request and of a reply.
const size = 32

// task is what a request asks for.
type task uint8

const (
	open   task = iota + 1 // make a decoder in the slot
	decode                 // decode the slot's access unit
	shut                   // end the slot's decoder
)

// request is what the server asks a worker for.
type request struct {
	task   task
	slot   uint8
	kind   codec.Kind // of open
	lost   bool       // access units are missing before this one
	length int        // of the access unit, bytes
}

func (r request) put(b *[size]byte) {
	*b = [size]byte{byte(r.task), r.slot, byte(r.kind)}
	if r.lost {
		b[3] = 1
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(r.length))
}

func (r *request) get(b *[size]byte) bool {
	*r = request{task(b[0]), b[1], codec.Kind(b[2]), b[3] != 0, int(binary.LittleEndian.Uint32(b[4:]))}
	return r.task >= open && r.task <= shut && r.slot < slots && r.length <= unit
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
)

// reply is what a worker answers.
type reply struct {
	result        result
	slot          uint8
	flags         uint8 // colour of a picture, or level of the sandbox
	width, height int   // of the picture, pixels
	held          int64 // bytes that the decoder claims (package limit)
}

// The flags of a picture.
const (
	fullRange = 1 << iota
	bt709
)

func (r reply) put(b *[size]byte) {
	*b = [size]byte{byte(r.result), r.slot, r.flags}
	binary.LittleEndian.PutUint32(b[4:], uint32(r.width))
	binary.LittleEndian.PutUint32(b[8:], uint32(r.height))
	binary.LittleEndian.PutUint64(b[16:], uint64(r.held))
}

// get reads a reply, and tells whether it is one that a slot of a number of bytes can have.
func (r *reply) get(b *[size]byte, slot int) bool {
	width, height := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	*r = reply{
		result: result(b[0]), slot: b[1], flags: b[2],
		width: int(width), height: int(height), held: int64(binary.LittleEndian.Uint64(b[16:])),
	}
	if r.result < ready || r.result > failed || r.slot >= slots {
		return false
	}
	if r.result != picture {
		return true
	}
	const side = 1 << 14
	return width-1 < side && height-1 < side && planes(r.width, r.height) <= slot-unit && r.held >= 0
}

// planes returns the bytes of a picture in 4:2:0 without padding.
func planes(w, h int) int { return w*h + 2*((w+1)/2)*((h+1)/2) }

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
