package session

import (
	"reflect"
	"testing"

	"tilemix/mcu/ingest"
)

// TestCounted has no number of a camera or a microphone stand in a metric twice, and no name.
func TestCounted(t *testing.T) {
	once(t, videoCounts)
	once(t, voiceCounts)
	u := newUplink(videoCounts, "x", "")
	retire := u.Add(func() ingest.VideoStats { return ingest.VideoStats{Packets: 3, Lost: 1} })
	u.Add(func() ingest.VideoStats { return ingest.VideoStats{Packets: 4} })
	if retire(); u.Total() != (ingest.VideoStats{Packets: 7, Lost: 1}) {
		t.Errorf("the sum is %+v", u.Total())
	}
}

func once[T any](t *testing.T, all []counted[T]) {
	t.Helper()
	var stats T
	names := map[string]bool{}
	for _, c := range all {
		*c.of(&stats)++
		if names[c.what] {
			t.Errorf("%T: %q has two numbers", stats, c.what)
		}
		names[c.what] = true
	}
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		if n, ok := reflect.TypeAssert[uint64](v.Field(i)); ok && n > 1 {
			t.Errorf("%T.%s stands in the metric %d times", stats, v.Type().Field(i).Name, n)
		}
	}
}
