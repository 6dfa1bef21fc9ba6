package worker

import (
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"os"
	"strconv"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/mcu/sandbox"
)

const (
	memoryFile = 3 // descriptors that a worker is started with
	socketFile = 4
	// spareMemory and decoderMemory are what a worker may map beyond what it has: for the runtime,
	// and for each decoder.
	spareMemory, decoderMemory = 256 << 20, 48 << 20
	// openFiles is for the two above, standard input, output and error, and the runtime's poller.
	openFiles = 16
)

// The variables by which the server says what it holds decoders to (package limit).
const (
	pixelsName = "TILEMIX_WORKER_PIXELS"
	memoryName = "TILEMIX_WORKER_MEMORY"
)

// Child is what a worker works with.
type Child struct {
	// NewDecoder returns a decoder. What it needs of the machine is loaded before Serve.
	NewDecoder func(codec.Kind, limit.Limits) (codec.VideoDecoder, error)
	Prepare    func() // called last before the sandbox closes; may be nil
}

// Serve is the worker's side: it locks the process in and decodes until the server closes the
// socket or dies. It belongs into a program of its own that a [Pool] starts.
func (c Child) Serve() error {
	pixels, err := strconv.Atoi(os.Getenv(pixelsName))
	if err != nil {
		return fmt.Errorf("the server says no size of pictures: %w", err)
	}
	claims, err := strconv.ParseInt(os.Getenv(memoryName), 10, 64)
	if err != nil {
		return fmt.Errorf("the server says no memory: %w", err)
	}
	mem, err := mapMemory(os.NewFile(memoryFile, "memory"), slotSize(pixels))
	if err != nil {
		return err
	}
	conn, err := unixConn(os.NewFile(socketFile, "socket"))
	if err != nil {
		return err
	}
	if c.Prepare != nil {
		c.Prepare()
	}
	level, _ := sandbox.Lock(sandbox.Quota{Memory: spareMemory + slots*decoderMemory, Files: openFiles})
	t := &tenant{Child: c, pixels: pixels, claims: claims, mem: mem, conn: conn}
	t.answer(reply{result: ready, flags: flagsOfLevel(level)}, new([size]byte))
	return t.serve()
}

// tenant is a worker's process.
type tenant struct {
	Child
	pixels   int   // of a picture, at most; 0: what a decoder takes
	claims   int64 // bytes that a decoder may hold
	mem      *memory
	conn     *net.UnixConn
	requests [slots]chan request // to the goroutine of each slot
}

// serve hands requests to their slots.
func (t *tenant) serve() error {
	var b [size]byte
	for {
		n, err := t.conn.Read(b[:])
		var r request
		switch {
		case errors.Is(err, io.EOF) || n == 0:
			return nil
		case err != nil:
			return fmt.Errorf("read from the server: %w", err)
		case n != size || !r.get(&b):
			return errors.New("the server asks for something else")
		}
		if t.requests[r.slot] == nil {
			t.requests[r.slot] = make(chan request, 4) // shut, open and decode may wait together
			go t.work(t.requests[r.slot])
		}
		t.requests[r.slot] <- r
	}
}

// work serves one slot.
func (t *tenant) work(requests <-chan request) {
	var dec codec.VideoDecoder
	var memory *limit.Memory
	var failure error
	var out [size]byte
	for r := range requests {
		switch r.task {
		case open:
			memory = limit.NewMemory(t.claims)
			dec, failure = t.NewDecoder(r.kind, limit.Limits{Pixels: t.pixels, Memory: memory})
		case shut:
			if dec != nil {
				_ = dec.Close()
			}
			dec = nil
		case decode:
			if dec == nil || failure != nil {
				t.answer(reply{result: failed, slot: r.slot}, &out)
				continue
			}
			a := t.decode(dec, r)
			a.slot, a.held = r.slot, memory.Held()
			t.answer(a, &out)
		}
	}
}

// decode decodes the access unit of a slot into its picture.
func (t *tenant) decode(dec codec.VideoDecoder, r request) reply {
	if m, ok := dec.(codec.LossMarker); ok && r.lost {
		m.MarkLoss()
	}
	img, err := dec.Decode(t.mem.unit(int(r.slot))[:r.length])
	if err != nil {
		return reply{result: resultOf(err)}
	}
	if img == nil {
		return reply{result: none}
	}
	size := img.Rect.Size()
	dst := t.mem.picture(int(r.slot))
	if planes(size.X, size.Y) > len(dst) {
		return reply{result: tooLarge}
	}
	pack(dst, img)
	a := reply{result: picture, width: size.X, height: size.Y}
	if d, ok := dec.(codec.ColourTeller); ok {
		a.flags = flagsOf(d.Colour())
	}
	return a
}

// pack copies a picture, plane after plane, without padding.
func pack(dst []byte, img *image.YCbCr) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		dst = dst[copy(dst, img.Y[img.YOffset(img.Rect.Min.X, img.Rect.Min.Y+y):][:w]):]
	}
	at := img.COffset(img.Rect.Min.X, img.Rect.Min.Y)
	for _, plane := range [2][]byte{img.Cb, img.Cr} {
		for y := range (h + 1) / 2 {
			dst = dst[copy(dst, plane[at+y*img.CStride:][:(w+1)/2]):]
		}
	}
}

// answer sends a reply by way of the caller's buffer. An error means that the server is gone, which
// serve sees too.
func (t *tenant) answer(r reply, b *[size]byte) {
	r.put(b)
	_, _ = t.conn.Write(b[:])
}

// flagsOfLevel returns what of the sandbox is there.
func flagsOfLevel(l sandbox.Level) (flags uint8) {
	for i, on := range []bool{l.Limits, l.Landlock, l.Seccomp} {
		if on {
			flags |= 1 << i
		}
	}
	return flags
}

// level returns what flagsOfLevel was made of.
func (r reply) level() sandbox.Level {
	return sandbox.Level{Limits: r.flags&1 != 0, Landlock: r.flags&2 != 0, Seccomp: r.flags&4 != 0}
}
