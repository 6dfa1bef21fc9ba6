package limit_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/limit"
)

// TestClaim: a claim is refused where a picture is too large or too little memory is left, and a
// refused claim changes nothing.
func TestClaim(t *testing.T) {
	memory := limit.NewMemory(10 * 100 * 100 * 2)
	l := limit.Limits{Pixels: 200 * 100, Memory: memory}
	var first, second limit.Claim
	steps := []struct {
		what                    string
		claim                   *limit.Claim
		width, height, pictures int
		err                     error
		held                    int64 // pictures of 100x100
	}{
		{"half", &first, 100, 100, 5, nil, 5},
		{"the same again", &first, 100, 100, 5, nil, 5},
		{"a smaller stream keeps what is claimed", &first, 10, 10, 5, nil, 5},
		{"a larger one adds the difference", &first, 100, 100, 7, nil, 7},
		{"no memory", &second, 100, 100, 4, limit.ErrNoMemory, 7},
		{"the rest", &second, 100, 100, 3, nil, 10},
		{"too large", &second, 200, 101, 1, limit.ErrTooLarge, 10},
		{"upright is as large as wide", &second, 100, 200, 3, limit.ErrNoMemory, 10},
	}
	for _, s := range steps {
		if err := s.claim.Raise(l, s.width, s.height, s.pictures); !errors.Is(err, s.err) {
			t.Errorf("%s: error %v, not %v", s.what, err, s.err)
		}
		if got := memory.Held(); got != s.held*100*100*2 {
			t.Errorf("%s: %d bytes are held, not %d pictures", s.what, got, s.held)
		}
	}
	first.Release()
	first.Release()
	second.Release()
	if memory.Held() != 0 {
		t.Errorf("%d bytes are held after all claims were released", memory.Held())
	}
	if !errors.Is(limit.ErrNoMemory, codec.ErrCorrupt) || !errors.Is(limit.ErrTooLarge, codec.ErrCorrupt) {
		t.Error("the errors are not codec.ErrCorrupt")
	}
}

// TestNoLimits: the zero Limits refuse nothing.
func TestNoLimits(t *testing.T) {
	var c limit.Claim
	if err := c.Raise(limit.Limits{}, 1<<14, 1<<14, 16); err != nil {
		t.Error(err)
	}
	c.Release()
}

// TestSum: whatever decoders claim and release, no more than the bound is held, and nothing is
// left in the end.
func TestSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 1 << 20
		memory := limit.NewMemory(most)
		l := limit.Limits{Memory: memory}
		claims := make([]limit.Claim, 4)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			c := &claims[rapid.IntRange(0, 3).Draw(t, "decoder")]
			if rapid.Bool().Draw(t, "release") {
				c.Release()
			} else {
				_ = c.Raise(l, rapid.IntRange(1, 400).Draw(t, "width"), rapid.IntRange(1, 400).Draw(t, "height"), rapid.IntRange(1, 6).Draw(t, "pictures"))
			}
			if held := memory.Held(); held < 0 || held > most {
				t.Fatalf("%d of %d bytes are held", held, most)
			}
		}
		for i := range claims {
			claims[i].Release()
		}
		if memory.Held() != 0 {
			t.Fatalf("%d bytes are left", memory.Held())
		}
	})
}
