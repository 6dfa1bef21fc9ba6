package packet

import (
	"bytes"
	"testing"
)

// TestBuffersAreReused when no user retains them, and not before.
func TestBuffersAreReused(t *testing.T) {
	var s UnitPool
	held := s.Put([][]byte{{1, 2}, {3}})
	for i := range 1000 {
		u := s.Put([][]byte{bytes.Repeat([]byte{9}, 1+i%200)})
		if u == held {
			t.Fatal("a buffer in use was handed out")
		}
		u.Release()
	}
	if p := held.Payloads(); len(p) != 2 || !bytes.Equal(p[0], []byte{1, 2}) || !bytes.Equal(p[1], []byte{3}) {
		t.Errorf("the payloads in use became %v", p)
	}
	if n := len(s.small.buffers); n > 2 {
		t.Errorf("%d buffers for one in use and one more", n)
	}
	for range 3 * poolSize { // users that never release
		s.Put([][]byte{{1}})
	}
	if n := len(s.small.buffers); n > poolSize {
		t.Errorf("%d buffers", n)
	}
}

// TestSizeClasses keeps IDRs apart, so that small units do not keep their memory.
func TestSizeClasses(t *testing.T) {
	var s UnitPool
	for range 100 {
		s.Put([][]byte{make([]byte, largeUnit), {1}}).Release()
		s.Put([][]byte{make([]byte, 100)}).Release()
	}
	for _, b := range s.small.buffers {
		if cap(b.data) > largeUnit {
			t.Errorf("a small unit has %d bytes", cap(b.data))
		}
	}
	if len(s.large.buffers) == 0 || len(s.large.buffers) > 2 || len(s.small.buffers) > 2 {
		t.Errorf("%d large and %d small buffers", len(s.large.buffers), len(s.small.buffers))
	}
}

// TestPutAllocatesNothing once the pool has grown.
func TestPutAllocatesNothing(t *testing.T) {
	var s UnitPool
	unit := [][]byte{make([]byte, 1180), make([]byte, 1180), make([]byte, 300)}
	s.Put(unit).Release()
	s.Put(unit).Release()
	if n := testing.AllocsPerRun(100, func() { s.Put(unit).Release() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSize counts all payloads, and Users those that retain.
func TestSize(t *testing.T) {
	p := Packets{Payloads: [][]byte{{1, 2}, nil, {3}}}
	if p.Size() != 3 {
		t.Errorf("%d bytes", p.Size())
	}
	var s UnitPool
	b := s.Put(p.Payloads)
	b.Retain()
	if b.Users() != 2 {
		t.Errorf("%d users", b.Users())
	}
	b.Release()
	b.Release()
	if b.Users() != 0 {
		t.Errorf("%d users", b.Users())
	}
}
