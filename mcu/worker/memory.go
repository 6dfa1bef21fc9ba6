package worker

import (
	"fmt"
	"image"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"tilemix/mcu/fit"
)

const (
	slots  = 32       // decoders of one worker, at most
	page   = 64 << 10 // what slots begin at, a multiple of every machine's page
	head   = page     // bytes of a slot's door
	unit   = 4 << 20  // bytes of an access unit, at most
	pixels = 8192 * 4320
)

// memory is what a worker and the server share. Its pages exist once they are touched.
type memory struct {
	file  *os.File
	bytes []byte
	slot  int // bytes
}

// slotSize returns the bytes of a slot whose pictures have at most a number of pixels (0: as many as
// any decoder makes), and whose tiles another.
func slotSize(most, tile int) int {
	if most <= 0 || most > pixels {
		most = pixels
	}
	// 4:2:0 has 3/2 bytes a pixel, and rows of chroma are rounded up.
	return (head + unit + max(most, fit.Most*tile)*2 + page - 1) / page * page
}

// newMemory makes memory for slots of a size, which nobody can resize.
func newMemory(slot int) (*memory, error) {
	fd, err := unix.MemfdCreate("tilemix", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if err != nil { // MFD_NOEXEC_SEAL is of Linux 6.3
		fd, err = unix.MemfdCreate("tilemix", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "memory of a codec worker")
	err = f.Truncate(int64(slot * slots))
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	return mapMemory(f, slot)
}

// mapMemory maps memory.
func mapMemory(f *os.File, slot int) (*memory, error) {
	b, err := unix.Mmap(int(f.Fd()), 0, slot*slots, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("map shared memory: %w", err)
	}
	return &memory{file: f, bytes: b, slot: slot}, nil
}

// openMemory maps the memory that the server made.
func openMemory(f *os.File) (*memory, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("size of shared memory: %w", err)
	}
	return mapMemory(f, int(info.Size())/slots)
}

// unit and pictures return the other parts of a slot.
func (m *memory) unit(slot int) []byte { return m.bytes[slot*m.slot+head:][:unit:unit] }

func (m *memory) pictures(slot int) []byte {
	return m.bytes[slot*m.slot+head+unit : (slot+1)*m.slot : (slot+1)*m.slot]
}

// sounds returns the pictures' part of a slot as samples of sound.
func (m *memory) sounds(slot int) []float32 {
	b := m.pictures(slot)
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}

// free gives a slot's pages back to the system, but for its door.
func (m *memory) free(slot int) {
	_ = unix.Fallocate(int(m.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(slot*m.slot+head), int64(m.slot-head))
}

// close unmaps the memory.
func (m *memory) close() {
	_ = unix.Munmap(m.bytes)
	_ = m.file.Close()
}

// planes returns the bytes of a picture in 4:2:0 without padding.
func planes(w, h int) int { return w*h + 2*((w+1)/2)*((h+1)/2) }

// spot says where a slot has what a tile shows of a source: at which byte, in which size. Both sides
// compute it. Behind the last tile is the end of all.
func spot(w *fit.Wanted, source image.Point, tile int) (at int, place image.Point) {
	for i := range tile {
		place = w.Place(i, source)
		at += planes(place.X, place.Y)
	}
	if tile < fit.Most {
		place = w.Place(tile, source)
	}
	return at, place
}

// end returns the bytes of all that a slot has of a source.
func end(w *fit.Wanted, source image.Point) int {
	if w.Tiles == ([fit.Most]image.Point{}) {
		return planes(source.X, source.Y)
	}
	at, _ := spot(w, source, fit.Most)
	return at
}

// lay lays a picture over memory, plane after plane, without padding.
func lay(b []byte, w, h int) image.YCbCr {
	luma, chroma := w*h, ((w+1)/2)*((h+1)/2)
	return image.YCbCr{
		Y: b[:luma:luma], Cb: b[luma : luma+chroma : luma+chroma], Cr: b[luma+chroma : luma+2*chroma : luma+2*chroma],
		YStride: w, CStride: (w + 1) / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
	}
}
