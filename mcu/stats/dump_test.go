package stats_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/stats"
)

// TestDump reads a dump as viewers of webrtc-internals do: a stat's name is all before the last
// hyphen, and its values are JSON in a text, one for each of the times.
func TestDump(t *testing.T) {
	r := stats.NewRecord()
	for i := range 31 {
		r.Add(start.Add(time.Duration(i)*time.Second), reading(i, i))
	}
	fine, tens := r.History()
	fine = fine.After(start.Add(20 * time.Second))
	all := stats.Join(tens, fine)
	if len(all.Samples) != 12 || all.Step != time.Second {
		t.Fatalf("%d samples of %v", len(all.Samples), all.Step)
	}
	var dump struct {
		PeerConnections map[string]struct {
			URL   string
			Stats map[string]struct{ StartTime, EndTime, StatsType, Values string }
		}
		UserAgent string
	}
	if err := json.Unmarshal(stats.Dump("demo Ada", stats.Facts{Browser: "Firefox 140"}, all), &dump); err != nil {
		t.Fatal(err)
	}
	if dump.UserAgent != "Firefox 140" || dump.PeerConnections["1-1"].URL != "demo Ada" {
		t.Errorf("it is of %+v", dump)
	}
	ids := map[string]int{}
	for name, g := range dump.PeerConnections["1-1"].Stats {
		var values []*float64
		if err := json.Unmarshal([]byte(g.Values), &values); err != nil || len(values) != 12 {
			t.Errorf("%s has the values %s: %v", name, g.Values, err)
		}
		began, err := time.Parse(time.RFC3339, g.StartTime)
		if err != nil || began.UnixMilli() != all.Samples[0].At {
			t.Errorf("%s begins at %s", name, g.StartTime)
		}
		id, field, ok := strings.Cut(name, "-")
		if !ok || strings.Contains(field, "-") {
			t.Errorf("%q has more than one hyphen", name)
		}
		ids[id+" "+g.StatsType]++
	}
	if ids["camera inbound-rtp"] < 4 || ids["mix outbound-rtp"] != 2 {
		t.Errorf("it has %v", ids)
	}
	if _, there := dump.PeerConnections["1-1"].Stats["camera-timestamp"]; !there {
		t.Error("there are no times")
	}
}
