package rtc

import (
	"bytes"
	"testing"
)

// TestUnitsAreUsedAgain when nobody holds them, and not before.
func TestUnitsAreUsedAgain(t *testing.T) {
	var s Shelf
	held := s.Put([][]byte{{1, 2}, {3}})
	for i := range 1000 {
		u := s.Put([][]byte{bytes.Repeat([]byte{9}, 1+i%200)})
		if u == held {
			t.Fatal("a unit in use was handed out")
		}
		u.Release()
	}
	if p := held.Payloads(); len(p) != 2 || !bytes.Equal(p[0], []byte{1, 2}) || !bytes.Equal(p[1], []byte{3}) {
		t.Errorf("what was held became %v", p)
	}
	if n := len(s.small.units); n > 2 {
		t.Errorf("%d units for one in use and one more", n)
	}
	for range 3 * shelfSize { // users who never let go
		s.Put([][]byte{{1}})
	}
	if n := len(s.small.units); n > shelfSize {
		t.Errorf("%d units", n)
	}
}
