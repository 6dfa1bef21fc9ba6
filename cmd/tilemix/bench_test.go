package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/cmd/tilemix/bench"
)

// TestBench measures a call of two for a moment. How good the numbers are is the
// machine's affair; that they are there and can be is ours.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	file := filepath.Join(t.TempDir(), "report.json")
	command := exec.CommandContext(t.Context(), "tilemix", "bench",
		"--scenario", "grid9", "--participants", "2", "--duration", "3s", "--json", file)
	out, err := command.CombinedOutput()
	missed := strings.Contains(string(out), "bars were not reached") || strings.Contains(string(out), "not to be trusted")
	if err != nil && !missed {
		t.Fatalf("%v\n%s", err, out)
	}
	var report struct{ Results []bench.Result }
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 1 {
		t.Fatalf("%v in %s", err, data)
	}
	r := report.Results[0]
	if r.FPSMin <= 0 || r.CPU <= 0 || r.BotsCPU <= 0 || r.RSS <= 0 || r.Decodes <= 0 || r.Encodes <= 0 {
		t.Errorf("%+v", r)
	}
	if f := r.Floor; f.Decode <= 0 || f.Encode <= 0 || f.Opus <= 0 || f.Transport <= 0 || r.Ratio <= 0 {
		t.Errorf("floor %+v, ratio %v", f, r.Ratio)
	}
	for name, s := range map[string]bench.Spread{"picture": r.Picture, "speaker": r.Speaker, "sound": r.Sound, "join": r.Join} {
		if s.P50 <= 0 || s.P95 < s.P50 || s.Count == 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	trusted := len(r.Troubles) == 0
	if trusted != strings.Contains(string(out), "frame rate, least") || trusted == strings.Contains(string(out), "NOT TO BE TRUSTED") {
		t.Errorf("troubles %q, and it says\n%s", r.Troubles, out)
	}
}

// TestBenchRelays measures a room with relays for a moment, of which one is killed.
func TestBenchRelays(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	file := filepath.Join(t.TempDir(), "report.json")
	command := exec.CommandContext(t.Context(), "tilemix", "bench",
		"--scenario", "relays240", "--participants", "9", "--duration", "1s", "--busy", "--json", file)
	out, err := command.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "bars were not reached") {
		t.Fatalf("%v\n%s", err, out)
	}
	var report struct{ Results []bench.Result }
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 1 || report.Results[0].Relays == nil {
		t.Fatalf("%v in %s", err, data)
	}
	r, viewers := report.Results[0].Relays, 0
	for i, n := range r.Nodes {
		viewers += n.Viewers
		if n.Viewers == 0 || n.CPU <= 0 || n.RSS <= 0 || n.Picture.P50 <= 0 || (n.Pulled > 0) != (i > 0) {
			t.Errorf("node %d: %+v", i, n)
		}
	}
	if len(r.Nodes) != 3 || viewers != 9 || r.Encodes <= 0 {
		t.Errorf("%d viewers of %+v", viewers, r)
	}
	if d := r.Death; d.Dark.Count < 2 || d.Dark.P50 <= 0 || d.Most < d.Dark.P95 {
		t.Errorf("the death of a relay: %+v", d)
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
