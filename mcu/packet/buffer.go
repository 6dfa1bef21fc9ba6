package packet

import "sync/atomic"

const (
	// poolSize bounds the buffers of one size class of a UnitPool: those that downlinks
	// keep for retransmission, those that a rendition keeps for newcomers, and those in
	// send queues.
	poolSize = 256
	// poolTries is how many buffers Put examines for one without users.
	poolTries = 8
	// largeUnit is the size in bytes above which a unit is taken from a class of its
	// own, so that not every buffer grows to the size of an IDR.
	largeUnit = 16 << 10
)

// PayloadBuffer is the memory of one access unit's payloads, which many downlinks
// share. Its users retain and release it. It is safe for concurrent use.
type PayloadBuffer struct {
	users    atomic.Int32
	data     []byte
	payloads [][]byte
}

// Payloads returns the RTP payloads. They are valid while the buffer is retained, and
// may not be written to.
func (b *PayloadBuffer) Payloads() [][]byte { return b.payloads }

// Retain adds a user.
func (b *PayloadBuffer) Retain() { b.users.Add(1) }

// Release removes a user. The pool reuses the memory once there is none.
func (b *PayloadBuffer) Release() { b.users.Add(-1) }

// Users returns how many users retain the buffer.
func (b *PayloadBuffer) Users() int { return int(b.users.Load()) }

func (b *PayloadBuffer) fill(payloads [][]byte, size int) {
	if cap(b.data) < size {
		b.data = make([]byte, 0, size+size/4)
	}
	b.data, b.payloads = b.data[:0], b.payloads[:0]
	for _, p := range payloads {
		at := len(b.data)
		b.data = append(b.data, p...)
		b.payloads = append(b.payloads, b.data[at:len(b.data):len(b.data)])
	}
}

// UnitPool makes the PayloadBuffers of access units and reuses their memory. It is for
// one goroutine; the zero value is ready.
type UnitPool struct {
	small, large sizeClass
}

// sizeClass is the buffers of one size class, oldest first from next.
type sizeClass struct {
	buffers []*PayloadBuffer
	next    int
}

// Put copies payloads into a buffer, which the caller retains and has to release.
func (s *UnitPool) Put(payloads [][]byte) *PayloadBuffer {
	size := 0
	for _, p := range payloads {
		size += len(p)
	}
	from := &s.small
	if size > largeUnit {
		from = &s.large
	}
	b := from.take()
	b.fill(payloads, size)
	b.users.Store(1)
	return b
}

// take returns a buffer without users. A buffer whose user never releases it leaves the
// pool and is the garbage collector's.
func (c *sizeClass) take() *PayloadBuffer {
	for range min(poolTries, len(c.buffers)) {
		c.next = (c.next + 1) % len(c.buffers)
		if b := c.buffers[c.next]; b.users.Load() == 0 {
			return b
		}
	}
	b := &PayloadBuffer{}
	if len(c.buffers) < poolSize {
		c.buffers = append(c.buffers, b)
	} else {
		c.buffers[c.next] = b
	}
	return b
}
