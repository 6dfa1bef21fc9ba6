package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// emptyBox is the size of a box without content.
	emptyBox = 8
	// spare is how many bytes moov may grow by, for further sample entries: about twenty.
	spare = 4096
	// ending is how many bytes moov grows by at the end, for mehd and for lengths of 64 bits.
	ending = 128
	// maxReferences is how many the index has at most that stands in front of the fragments, and
	// indexRoom how many bytes that takes.
	maxReferences = 1024
	indexRoom     = 40 + 12*maxReferences
)

// beginning says where a file has its boxes in front of the fragments, if they can be written anew:
//
//	ftyp │ free: the switch │ moov, free │ moov, free │ sidx │ fragments
//	     └ front             └ a slot     └ a slot            └ end
//
// One of the two slots is in use. The switch is a free box that ends in front of it, and the free box of
// the slot goes on to the end, or to sidx. So the other slot is in a free box, where a new moov is written
// unseen. Then the byte changes by which the two lengths of the switch differ. A server that is killed
// between any two bytes leaves one moov or the other. The zero value cannot be written anew.
type beginning struct {
	front, slot, end int // bytes
	second           bool
}

var errNoRoom = errors.New("no room for moov")

// appendNew appends what is behind ftyp of a new file, which is front bytes long.
func (b *beginning) appendNew(dst []byte, front int, moov []byte) []byte {
	b.front, b.slot = front, len(moov)+spare+ending
	for _, unit := range []int{1 << 8, 1 << 16} {
		if b.slot >= unit { // so the two lengths of the switch differ in one byte
			b.slot = (b.slot + unit - 1) / unit * unit
		}
	}
	b.end = front + emptyBox + 2*b.slot + indexRoom
	dst = appendHeader(dst, "free", emptyBox)
	dst = append(dst, moov...)
	free := b.end - front - emptyBox - len(moov)
	dst = appendHeader(dst, "free", free)
	return append(dst, make([]byte, free-emptyBox)...)
}

// replace writes moov into the slot that is not in use, sidx to the end, and turns the switch. Where sync
// is set, the storage has the one before the other, if it has a Sync.
func (b *beginning) replace(out io.WriterAt, moov, sidx []byte, sync bool) error {
	at, limit := b.front+emptyBox, b.front+emptyBox+b.slot
	if !b.second {
		at, limit = limit, limit+b.slot
	}
	if at+len(moov)+emptyBox > limit {
		return errNoRoom
	}
	end := b.end - len(sidx)
	_, err := out.WriteAt(appendHeader(moov, "free", end-at-len(moov)), int64(at))
	if err == nil && len(sidx) > 0 {
		_, err = out.WriteAt(sidx, int64(end))
	}
	if disk, ok := out.(interface{ Sync() error }); ok && err == nil && sync {
		err = disk.Sync()
	}
	if err == nil {
		turn := binary.BigEndian.AppendUint32(nil, uint32(at-b.front))
		_, err = out.WriteAt(turn, int64(b.front))
	}
	if err != nil {
		return fmt.Errorf("write beginning of MP4 file: %w", err)
	}
	b.second = !b.second
	return nil
}

// found returns the beginning of a file whose ftyp ends at front, with moov at another place and fragments
// from end on. It is the zero value for files that have no switch.
func found(front, moov, end int64) beginning {
	b := beginning{front: int(front), end: int(end), slot: int(end-front-emptyBox-indexRoom) / 2}
	b.second = int(moov-front-emptyBox) == b.slot
	if b.slot < spare || !b.second && moov != front+emptyBox {
		return beginning{}
	}
	return b
}

// appendHeader appends the header of a box of a size.
func appendHeader(dst []byte, kind string, size int) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(size)), kind...)
}
