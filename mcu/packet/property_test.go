package packet

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestPoolKeepsWhatIsRetained has users come and go at random: as long as one retains a
// buffer, its payloads stay as they were, and the pool hands its memory to no other unit.
func TestPoolKeepsWhatIsRetained(t *testing.T) {
	type unit struct {
		buffer   *PayloadBuffer
		payloads [][]byte
		users    int
	}
	rapid.Check(t, func(t *rapid.T) {
		var pool UnitPool
		var held []*unit
		size := rapid.OneOf(rapid.IntRange(0, 50), rapid.IntRange(largeUnit-2, largeUnit+2))
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				u := &unit{users: 1}
				for i := range rapid.IntRange(0, 3).Draw(t, "payloads") {
					u.payloads = append(u.payloads, bytes.Repeat([]byte{byte(len(held) + i)}, size.Draw(t, "size")))
				}
				u.buffer = pool.Put(u.payloads)
				for _, other := range held {
					if other.buffer == u.buffer {
						t.Fatal("a retained buffer was handed out")
					}
				}
				held = append(held, u)
			},
			"retain": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				u := rapid.SampledFrom(held).Draw(t, "unit")
				u.buffer.Retain()
				u.users++
			},
			"release": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				i := rapid.IntRange(0, len(held)-1).Draw(t, "unit")
				held[i].buffer.Release()
				if held[i].users--; held[i].users == 0 {
					held = append(held[:i], held[i+1:]...)
				}
			},
			"": func(t *rapid.T) {
				for _, u := range held {
					if u.buffer.Users() != u.users {
						t.Fatalf("%d users of %d", u.buffer.Users(), u.users)
					}
					got := u.buffer.Payloads()
					if len(got) != len(u.payloads) {
						t.Fatalf("%d payloads of %d", len(got), len(u.payloads))
					}
					for i := range got {
						if !bytes.Equal(got[i], u.payloads[i]) {
							t.Fatal("a retained payload changed")
						}
					}
				}
				if n := len(pool.small.buffers) + len(pool.large.buffers); n > 2*poolSize {
					t.Fatalf("%d buffers", n)
				}
			},
		})
	})
}

// TestPayloadsDoNotOverlap: an append to one payload cannot write into the next.
func TestPayloadsDoNotOverlap(t *testing.T) {
	var pool UnitPool
	b := pool.Put([][]byte{{1, 2}, {3}})
	_ = append(b.Payloads()[0], 9)
	if got := b.Payloads()[1][0]; got != 3 {
		t.Errorf("the second payload became %d", got)
	}
}
