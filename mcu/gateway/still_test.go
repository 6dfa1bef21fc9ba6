package gateway_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
)

// TestStillPush pushes a room in which nothing moves to an RTMP server. Platforms end a stream with
// fewer than ten pictures a second, or without a key frame every two seconds.
func TestStillPush(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	s.enter("still", "Ada", webrtc.RTPTransceiverDirectionSendonly)
	port := mcutest.Port(t)
	r := receive(t, "-listen", "1", "-i", "rtmp://127.0.0.1:"+port+"/live/"+key, "-t", "7")
	lag := poll.Lag(t)
	i, err := s.AddOutput(t.Context(), "still", gateway.OutputOptions{URL: "rtmp://127.0.0.1:" + port + "/live/" + key})
	if err != nil {
		t.Fatal(err)
	}
	s.await(gateway.Output, "still", i.ID, "the push", r.up)
	if <-r.ended; r.err != nil {
		t.Fatalf("%v: %s", r.err, r.said.String())
	}
	late := lag()
	pictures, keys := pictureTimes(t, r.file)
	if late > 20*time.Millisecond {
		t.Skipf("not judged: the machine is too busy, timers are %v late (p95)", late)
	}
	span := pictures[len(pictures)-1] - pictures[0]
	if rate := float64(len(pictures)-1) / span; rate < 10 || span < 6 {
		t.Errorf("%d pictures in %.2f s are %.1f a second, not 10", len(pictures), span, rate)
	}
	far := 0
	for n := 1; n < len(keys); n++ {
		if gap := keys[n] - keys[n-1]; gap > 2.2 {
			far++
		}
	}
	if far > 1 { // a machine that stands still for a moment makes one gap longer
		t.Errorf("key frames are more than 2.2 s apart, not 2: %v", keys)
	}
	if len(keys) < 3 || len(keys) > 6 {
		t.Errorf("key frames at %v", keys)
	}
}

// pictureTimes returns when the pictures of a file are shown, and which of them are key frames, in
// seconds.
func pictureTimes(t *testing.T, file string) (all, keys []float64) {
	t.Helper()
	out := runTool(t, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", file)
	for line := range strings.Lines(out) {
		at, flags, _ := strings.Cut(strings.TrimSpace(line), ",")
		seconds, err := strconv.ParseFloat(at, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, seconds)
		if strings.HasPrefix(flags, "K") {
			keys = append(keys, seconds)
		}
	}
	if len(all) == 0 {
		t.Fatal("no picture came")
	}
	return all, keys
}
