package bench

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the tests expect anew")

// example is what scenarios might show: bars reached and missed, and a busy machine.
func example() []*Result {
	grid := &Result{
		Scenario: "grid9", Participants: 9, Seconds: 10.5, FPSMin: 29.97, FPSMedian: 30, CPU: 912.5, PerParticipant: 101.4,
		Ticks: 958, BotsCPU: 88.8, MachineIdle: 0.47, Floor: Floor{Decode: 500, Encode: 190, Opus: 30, Transport: 110},
		Picture: Spread{16.1, 41.5, 2500}, Speaker: Spread{11.9, 16.4, 300}, Sound: Spread{32, 33.6, 21},
		Stages: map[string]Spread{"decode": {2, 3.1, 2700}, "encode": {6.3, 7, 300}},
		Join:   Spread{110, 250, 9}, Connect: Spread{20, 40, 9}, Encodes: 30, Decodes: 270, RSS: 140 << 20,
		Sizes: map[string]int{"1280x720": 9},
	}
	grid.compare()
	grid.Bars = scenarios()[0].judge(grid, nil)
	idle := &Result{
		Scenario: "idle", Participants: 20, Seconds: 10, CPU: 1, Ticks: 1, RSS: 99 << 20, OthersCPU: 900,
		Troubles: []string{"the machine was saturated: 1% idle"}, Notes: []string{"nothing"},
	}
	idle.Bars = []Bar{atMost("CPU ticks in 10 s", "", 1, 0)}
	viewers := &Result{
		Scenario: "viewers500", Participants: 4, Viewers: 500, SoundOnly: 480, Seconds: 10, FPSMin: 30, FPSMedian: 30, CPU: 1400,
		Before: 400, PerViewer: 2, Stages: map[string]Spread{"send": {1.1, 3.2, 300}}, RSS: 200 << 20,
		Notes: []string{audience(500, 480, 8000, 2000)},
	}
	memory := &Result{
		Scenario: "memory", Participants: 8, Seconds: 100, RSS: 48 << 20,
		Memory: &Memory{Fresh: 38 << 20, Rounds: []int64{43 << 20, 45 << 20, 61 << 20}, After: 48 << 20},
	}
	for _, s := range scenarios() {
		for _, r := range []*Result{viewers, memory} {
			if r.Scenario == s.Name {
				r.Bars = s.judge(r, nil)
			}
		}
	}
	return []*Result{grid, viewers, memory, idle}
}

// TestOutput holds the table and the JSON to files.
func TestOutput(t *testing.T) {
	var table, json bytes.Buffer
	if err := writeTable(&table, example()); err != nil {
		t.Fatal(err)
	}
	err := encodeReport(&json, report{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Machine: "A processor", CPUs: 2, Go: "go1.26", Clip: "drawn", Results: example(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"table.txt": table.Bytes(), "report.json": json.Bytes()} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is in %s (-update writes it): %v\n%s", name, file, err, got)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		results []*Result
		want    string
	}{
		{nil, "<nil>"},
		{example()[:1], "<nil>"},
		{[]*Result{{Bars: []Bar{{}}}}, errMissed.Error()},
		{[]*Result{{Troubles: []string{"late"}}}, errUntrusted.Error()},
		{example()[1:2], "<nil>"},
		{example()[2:3], errMissed.Error()},
		{example(), errUntrusted.Error() + "\n" + errMissed.Error()},
	} {
		if got := fmt.Sprint(verdict(c.results)); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}

// TestForecast tells machines that hold all viewers from those that do not.
func TestForecast(t *testing.T) {
	without, used := spent{server: 400, bots: 100}, spent{server: 420, bots: 110}
	if need := without.forecast(used, 20, 500); need != 500+1.5*500 {
		t.Errorf("500 viewers need %v ms/s", need)
	}
	viewers := make([]entry, 5)
	silence(viewers, 3)
	for i, v := range viewers {
		if v.NoPicture != (i >= 2) {
			t.Errorf("viewer %d: no picture is %v", i, v.NoPicture)
		}
	}
	silence(viewers, 0)
}
