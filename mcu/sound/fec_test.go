package sound

import "testing"

// TestFECLoss has loss come and go.
func TestFECLoss(t *testing.T) {
	was := 0
	for i, c := range []struct {
		lost float64
		want int
	}{
		{0, 0},
		{0.02, 0},
		{0.04, 5},
		{0.025, 5},
		{0.035, 5},
		{0.005, 0},
		{0.07, 10},
		{0.05, 10},
		{0.03, 5},
		{0.3, 20},
		{0.1, 20},
		{0.05, 5},
		{1, 20},
		{0, 0},
	} {
		was = fecLossFor(was, c.lost)
		if was != c.want {
			t.Errorf("%d: %v lost makes a stream for %d %%, not %d", i, c.lost, was, c.want)
			was = c.want
		}
	}
}
