package sidecar

import "testing"

// TestJoin has a part begin before the one that it follows, because the machine began again with another clock.
func TestJoin(t *testing.T) {
	all := []Info{{ID: "20260101-100000-b", Part: 2, Of: "20260101-103000-a"}, {ID: "20260101-101500-x"}, {ID: "20260101-103000-a"}}
	i := all[0]
	i.Join(all)
	if len(i.Parts) != 2 || i.Parts[0].ID != all[2].ID || i.Parts[1].ID != i.ID {
		t.Errorf("the parts are %+v", i.Parts)
	}
}
