package main

import "testing"

// TestNatural takes whole numbers from zero on, and nothing else.
func TestNatural(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "10": 10, "-1": -1, "1.5": -1, "": -1, "ten": -1} {
		n := natural(-1)
		if err := n.UnmarshalText([]byte(text)); int(n) != want || (err == nil) != (want >= 0) {
			t.Errorf("%q is %d, %v", text, n, err)
		}
	}
}
