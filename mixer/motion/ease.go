package motion

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrEase is wrapped by errors about what is no ease. It says what would be.
var ErrEase = errors.New("ease is one of in-out, linear and bounce, or four numbers from 0 to 1")

// Ease is how the speed of a tile changes on its way. The zero Ease is "in-out": it begins and ends
// slowly. Its JSON is one of the names in-out, linear and bounce, or the two points x1, y1, x2, y2 of a
// curve as CSS has it (CSS Easing Functions Level 1 §2.3), each from 0 to 1.
type Ease struct {
	kind  kind
	curve [4]float64
}

type kind uint8

const (
	inOut kind = iota
	linear
	bounce
	curve
)

// names are those of kinds, in their order.
func names() []string { return []string{"in-out", "linear", "bounce"} }

// At returns the part of the way, 0 to 1, at a part of the time, 0 to 1.
func (e Ease) At(t float64) float64 {
	t = min(max(t, 0), 1)
	switch e.kind {
	case linear:
		return t
	case bounce:
		return bounced(t)
	case curve:
		return along(e.curve, t)
	}
	return along([4]float64{.42, 0, .58, 1}, t)
}

// bounced is a ball that falls from 0 to 1 and bounces three times.
func bounced(t float64) float64 {
	const g = 7.5625
	for _, b := range [...]struct{ until, middle, least float64 }{{4 / 11., 0, 0}, {8 / 11., 6 / 11., .75}, {10 / 11., 9 / 11., .9375}} {
		if t < b.until {
			return g*(t-b.middle)*(t-b.middle) + b.least
		}
	}
	return min(g*(t-10.5/11)*(t-10.5/11)+.984375, 1)
}

// along returns y at x of a cubic Bézier curve from 0, 0 to 1, 1. Since its points are from 0 to 1, x
// rises along it.
func along(p [4]float64, x float64) float64 {
	at := func(a, b, s float64) float64 { return ((1-3*b+3*a)*s+(3*b-6*a))*s*s + 3*a*s }
	low, high := 0.0, 1.0
	for range 24 {
		if middle := (low + high) / 2; at(p[0], p[2], middle) < x {
			low = middle
		} else {
			high = middle
		}
	}
	return min(max(at(p[1], p[3], (low+high)/2), 0), 1)
}

// UnmarshalJSON reads a name or four numbers. Errors wrap ErrEase.
func (e *Ease) UnmarshalJSON(data []byte) error {
	var name string
	if json.Unmarshal(data, &name) == nil {
		for i, n := range names() {
			if n == name {
				*e = Ease{kind: kind(i)}
				return nil
			}
		}
		return fmt.Errorf("%w, not %.40q", ErrEase, name)
	}
	var points []float64
	if err := json.Unmarshal(data, &points); err != nil || len(points) != 4 {
		return fmt.Errorf("%w, not %.40s", ErrEase, data)
	}
	for _, p := range points {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("%w, not %g", ErrEase, p)
		}
	}
	*e = Ease{kind: curve, curve: [4]float64(points)}
	return nil
}

// MarshalJSON writes a name or four numbers.
func (e Ease) MarshalJSON() ([]byte, error) {
	if e.kind == curve {
		return json.Marshal(e.curve)
	}
	return json.Marshal(names()[e.kind])
}

// IsZero tells whether it is the usual one.
func (e Ease) IsZero() bool { return e == Ease{} }
