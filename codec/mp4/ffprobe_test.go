package mp4_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/mp4"
)

// probe is what ffprobe says of a file.
type probe struct {
	Streams []struct {
		Kind   string `json:"codec_name"`
		Width  int    `json:"width"`
		Frames string `json:"nb_read_frames"`
		Start  string `json:"start_time"`
	} `json:"streams"`
	Format struct {
		Duration string `json:"duration"`
		Tags     struct {
			Created string `json:"creation_time"`
			Title   string `json:"title"`
		} `json:"tags"`
	} `json:"format"`
}

func (p probe) frames(i int) int {
	n, _ := strconv.Atoi(p.Streams[i].Frames)
	return n
}

func (p probe) seconds() float64 {
	s, _ := strconv.ParseFloat(p.Format.Duration, 64)
	return s
}

// look decodes a file, which must give no warning, and counts what is in it.
func look(t *testing.T, data []byte) probe {
	t.Helper()
	tool := codectest.Program(t, "ffprobe")
	file := filepath.Join(t.TempDir(), "file.mp4")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), tool, "-v", "warning", "-count_frames", "-show_streams", "-show_format", "-of", "json", file)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("ffprobe: %v, %s", err, stderr.Bytes())
	}
	var p probe
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlays(t *testing.T) {
	for name, c := range map[string]struct {
		take           take
		frames, blocks int
	}{
		"both":           {take{length: 5 * time.Second, start: time.Hour}, 150, 250},
		"still pictures": {take{length: 6 * time.Second, noPicture: func(at time.Duration) bool { return at%(3*time.Second) > time.Second }}, 63, 300},
		"gaps of sound":  {take{length: 4 * time.Second, noSound: func(at time.Duration) bool { return at%time.Second > 900*time.Millisecond }}, 120, 196},
		"late sound":     {take{length: 3 * time.Second, noSound: func(at time.Duration) bool { return at < 510*time.Millisecond }}, 90, 150},
		"a new size": {take{length: 4 * time.Second, width: func(at time.Duration) int {
			if at/time.Second%2 == 0 {
				return 320
			}
			return 240
		}}, 120, 200},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.take.record(t, &out, mp4.Default())
			p := look(t, out.Bytes())
			if len(p.Streams) != 2 || p.Streams[0].Kind != "h264" || p.Streams[1].Kind != "opus" || p.Streams[0].Width != 320 {
				t.Fatalf("streams are %+v", p.Streams)
			}
			if p.frames(0) < c.frames-1 || p.frames(0) > c.frames+1 || p.frames(1) < c.blocks-1 || p.frames(1) > c.blocks+1 {
				t.Errorf("%d pictures and %d blocks, not %d and %d", p.frames(0), p.frames(1), c.frames, c.blocks)
			}
			if math.Abs(p.seconds()-c.take.length.Seconds()) > 0.04 {
				t.Errorf("%v s long, not %v", p.seconds(), c.take.length)
			}
		})
	}
}

// TestCutOff cuts a file of ten seconds anywhere: what is there plays, and less than
// two seconds of what was written before are missing.
func TestCutOff(t *testing.T) {
	var out bytes.Buffer
	take{length: 10 * time.Second}.record(t, &out, mp4.Default())
	for _, part := range []float64{0.2, 0.41, 0.63, 0.87, 0.99} {
		// ffprobe may say that the last fragment is cut; it must show what is before it.
		p := tolerate(t, out.Bytes()[:int(part*float64(out.Len()))])
		if got := p.frames(0); float64(got) < 30*(10*part-2) {
			t.Errorf("of %v s, %d pictures are left", 10*part, got)
		}
	}
}

// tolerate is look for files that are cut off.
func tolerate(t *testing.T, data []byte) probe {
	t.Helper()
	tool := codectest.Program(t, "ffprobe")
	cmd := exec.CommandContext(t.Context(), tool, "-v", "fatal", "-count_frames", "-show_streams", "-show_format", "-of", "json", "-")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	var p probe
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}
