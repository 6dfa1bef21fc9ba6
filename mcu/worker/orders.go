package worker

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"tilemix/codec/pcm"
)

const (
	// mostOrders is how many orders go to a worker at once, and mostVoices of how many decoders.
	mostOrders, mostVoices = 512, 1024
	// mostPacket is the bytes of a packet, at most.
	mostPacket = 4096
	// orderSize is the bytes of an order, and longest the samples of the longest sound: 120 ms.
	orderSize, longest = 24, 120 * pcm.Rate / 1000
	// Where a slot's access unit has the orders' results, how many orders are done, and their packets.
	resultsAt = mostOrders * orderSize
	doneAt    = resultsAt + mostOrders
	packetsAt = 32 << 10
)

// order is what one voice wants decoded. The slot has one after the other.
type order struct {
	voice      int  // number of the decoder
	anew       bool // it is a new one
	recovers   bool // a loss before the packet, which may be empty, is filled
	wide       bool // what mono leaves out of stereo is wanted too
	dropped    bool // no sound is wanted: the decoder is to know what came before
	samples    int  // of the sound
	at, length int  // of the packet, in the slot's access unit
	out        int  // of the sound among the slot's samples, and what mono leaves out behind it
}

// The flags of an order.
const (
	withNewVoice = 1 << iota
	withRecovery
	withSides
	withoutSound
)

// lanes returns how many rows of samples the sound may have.
func (o *order) lanes() int {
	switch {
	case o.dropped:
		return 0
	case o.wide:
		return 3
	}
	return 1
}

// put writes the order as the one with index i.
func (o *order) put(unit []byte, i int) {
	b := unit[i*orderSize:][:orderSize]
	b[0] = 0
	for flag, on := range [...]bool{o.anew, o.recovers, o.wide, o.dropped} {
		if on {
			b[0] |= 1 << flag
		}
	}
	unit[resultsAt+i] = 0
	binary.LittleEndian.PutUint16(b[2:], uint16(o.voice))
	binary.LittleEndian.PutUint32(b[4:], uint32(o.samples))
	binary.LittleEndian.PutUint32(b[8:], uint32(o.at))
	binary.LittleEndian.PutUint32(b[12:], uint32(o.length))
	binary.LittleEndian.PutUint32(b[16:], uint32(o.out))
}

// get reads the order with index i, and tells whether it is one that a slot has room for.
func (o *order) get(unit []byte, i, room int) bool {
	b := unit[i*orderSize:][:orderSize]
	*o = order{
		voice: int(binary.LittleEndian.Uint16(b[2:])), anew: b[0]&withNewVoice != 0, recovers: b[0]&withRecovery != 0, wide: b[0]&withSides != 0, dropped: b[0]&withoutSound != 0,
		samples: int(binary.LittleEndian.Uint32(b[4:])), at: int(binary.LittleEndian.Uint32(b[8:])),
		length: int(binary.LittleEndian.Uint32(b[12:])), out: int(binary.LittleEndian.Uint32(b[16:])),
	}
	return o.voice < mostVoices && o.samples > 0 && o.samples <= longest && o.at+o.length <= len(unit) && o.out+o.lanes()*o.samples <= room
}

// sound says how an order ended. The zero value is that it has not.
type sound uint8

const (
	decoded sound = iota + 1
	sided         // decoded, with what mono leaves out of stereo
	spoiled       // codec.ErrCorrupt
)

// doneOf returns how many of a slot's orders are done.
func doneOf(unit []byte) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&unit[doneAt])) }

// samples returns what of a slot's samples an order's sound has in one of its rows.
func (o *order) row(sounds []float32, row int) []float32 {
	return sounds[o.out+row*o.samples:][:o.samples:o.samples]
}
