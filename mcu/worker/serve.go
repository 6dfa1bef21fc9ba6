package worker

import (
	"errors"
	"fmt"
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
	// NewVoice returns a decoder of Opus. nil: one of package opus.
	NewVoice func() (codec.AudioDecoder, error)
	Prepare  func() // called last before the sandbox closes; may be nil
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
	mem, err := openMemory(os.NewFile(memoryFile, "memory"))
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
	var b [size]byte
	reply{result: ready, flags: level.Bits()}.put(&b)
	if _, err := conn.Write(b[:]); err != nil {
		return fmt.Errorf("write to the server: %w", err)
	}
	return t.serve()
}

// tenant is a worker's process.
type tenant struct {
	Child
	pixels int   // of a picture, at most; 0: what a decoder takes
	claims int64 // bytes that a decoder may hold
	mem    *memory
	conn   *net.UnixConn
}

// serve starts a goroutine for each slot that the server names, until it ends.
func (t *tenant) serve() error {
	var b [size]byte
	var served [slots]bool
	for {
		n, err := t.conn.Read(b[:])
		var r request
		switch {
		case errors.Is(err, io.EOF) || n == 0:
			return nil
		case err != nil:
			return fmt.Errorf("read from the server: %w", err)
		case n != size || !r.get(&b) || r.task != enter || served[r.slot]:
			return errors.New("the server asks for something else")
		}
		served[r.slot] = true
		d := &desk{tenant: t, slot: int(r.slot)}
		go d.work()
	}
}

// level returns which layers of the sandbox a worker has, where it is ready.
func (r reply) level() sandbox.Level { return sandbox.LevelOf(r.flags) }
