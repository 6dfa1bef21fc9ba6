package h264_test

import (
	"bytes"
	"slices"
	"testing"

	"tilemix/codec/h264"
)

// TestNALs has Annex B as encoders write it, and as it may be broken.
func TestNALs(t *testing.T) {
	for _, c := range []struct {
		name string
		au   []byte
		want [][]byte
		idr  bool
	}{
		{"nothing", nil, nil, false},
		{"no start code", []byte{0x65, 2, 3}, nil, false},
		{"start code alone", []byte{0, 0, 1}, nil, false},
		{"bytes before the first start code", []byte{0x65, 0, 0, 1, 0x41}, [][]byte{{0x41}}, false},
		{"short start codes", []byte{0, 0, 1, 0x41, 5, 0, 0, 1, 0x65, 6}, [][]byte{{0x41, 5}, {0x65, 6}}, true},
		{"long start codes", []byte{0, 0, 0, 1, 0x67, 5, 0, 0, 0, 1, 0x65, 6}, [][]byte{{0x67, 5}, {0x65, 6}}, true},
		{"empty unit", []byte{0, 0, 1, 0, 0, 1, 0x41, 5}, [][]byte{{0x41, 5}}, false},
		{"zeros behind", []byte{0, 0, 1, 0x41, 5, 0, 0, 0}, [][]byte{{0x41, 5}}, false},
		{"IDR not referred to", []byte{0, 0, 1, 0x05, 5}, [][]byte{{0x05, 5}}, true},
	} {
		got := slices.Collect(h264.NALs(c.au))
		if !slices.EqualFunc(got, c.want, bytes.Equal) {
			t.Errorf("%s: %x, not %x", c.name, got, c.want)
		}
		if h264.IsIDR(c.au) != c.idr {
			t.Errorf("%s: IDR %v", c.name, !c.idr)
		}
	}
}

func TestNALsAllocate(t *testing.T) {
	au := bytes.Repeat([]byte{0, 0, 0, 1, 0x41, 5, 6}, 10)
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		for nal := range h264.NALs(au) {
			n += len(nal)
		}
		if h264.IsIDR(au) {
			n++
		}
	})
	if allocs > 0 || n == 0 {
		t.Errorf("%v allocations", allocs)
	}
}
