package gateway_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/gateway"
	"tilemix/mcu/rtc/rtctest"
)

// TestHugePictures plays a film of three PNGs of 16000x16000 pixels with 48 bits, 1.5 GB each in memory.
// Its input is down and says why, and no child takes 512 MB.
func TestHugePictures(t *testing.T) {
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	packed, err := os.Open("testdata/wide.mkv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	film, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "wide.mkv"), film, 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := s.AddInput(t.Context(), "huge", gateway.InputOptions{URL: "file:wide.mkv", Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	peak, down := 0, gateway.Info{}
	for deadline := time.Now().Add(rtctest.Patience); down.State != "ended"; time.Sleep(5 * time.Millisecond) {
		peak = max(peak, largestChild(t))
		if down, err = s.Get(gateway.Input, "huge", i.ID); err != nil || time.Now().After(deadline) {
			t.Fatalf("it is %+v, %v", down, err)
		}
	}
	if !strings.Contains(down.Reason, "16000x16000") {
		t.Errorf("it is %+v", down)
	}
	if peak == 0 || peak > 512<<10 {
		t.Errorf("a child took %d KiB", peak)
	}
}

// largestChild returns the most memory that one of the children had in it, in KiB.
func largestChild(t *testing.T) int {
	t.Helper()
	me := strconv.Itoa(os.Getpid())
	most := 0
	all, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range all {
		text, _ := os.ReadFile(path)
		fields := map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			fields[name] = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB"))
		}
		if size, err := strconv.Atoi(fields["VmHWM"]); err == nil && fields["PPid"] == me {
			most = max(most, size)
		}
	}
	return most
}
