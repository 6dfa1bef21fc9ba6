package record_test

import (
	"cmp"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/pcm"
	"tilemix/mcu"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// clapFor is how long TestClap records, as in TILEMIX_CLAP=10m.
const clapFor = "TILEMIX_CLAP"

// TestClap has a participant in a real room flash and beep at once, behind a line that delays
// what they send. The test looks for both in the mix and in the participant's tracks.
func TestClap(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short the machine is too slow for a call to be judged")
	}
	length, err := time.ParseDuration(os.Getenv(clapFor))
	if err != nil {
		length = 12 * time.Second
	}
	config := mcutest.Small()
	config.FrameRate = mcu.DefaultConfig().FrameRate
	server := mcutest.Serve(t, config)
	cfg := in(t.TempDir())
	c, _ := recorder(t, cfg, server)
	clap(t, server)
	lag := poll.Lag(t)
	info, err := c.Start("clap", record.Options{Tracks: true})
	if err != nil {
		t.Fatal(err)
	}
	awaitLong(t, c, info.ID, length, func(i sidecar.Info) bool { return longEnough(i, length) })
	late := lag()
	info, err = c.Stop(t.Context(), "clap", info.ID)
	if err != nil || info.State != sidecar.Finished {
		t.Fatalf("it is %+v, %v", info, err)
	}
	p := look(t, file(cfg, info.ID))
	if d := p.length() - time.Duration(info.Length*float64(time.Second)); d.Abs() > frame {
		t.Errorf("FFmpeg says %v, the recording %v s", p.length(), info.Length)
	}
	if late > 4*time.Millisecond { // pictures and sound wait for a core then
		t.Skipf("not judged: the machine is too busy, timers are %v late (p95)", late)
	}
	mixed := flashes(t, file(cfg, info.ID))
	// Lip sync leaves pictures 40 ms early, and a picture of the mix is 33 ms long.
	judge(t, "mix", mixed, beeps(t, file(cfg, info.ID)), 20*time.Millisecond)

	if len(info.Participants) != 1 || info.Participants[0].Name != "Ada" || len(info.Participants[0].Tracks) != 2 {
		t.Fatalf("participants are %+v", info.Participants)
	}
	var seen, heard []time.Duration
	for _, track := range info.Participants[0].Tracks {
		path := filepath.Join(cfg.Dir, track.File)
		look(t, path)
		f, size, err := c.Open("clap", info.ID, track.File)
		if err != nil || size == 0 {
			t.Fatalf("%s: %d bytes, %v", track.File, size, err)
		}
		_ = f.Close()
		found := flashes
		if track.Kind == "audio" {
			found = beeps
		}
		for _, at := range found(t, path) {
			at += time.Duration(track.Start * float64(time.Second))
			if track.Kind == "audio" {
				heard = append(heard, at)
			} else {
				seen = append(seen, at)
			}
		}
	}
	judge(t, "tracks", seen, heard, 0)
	for i := range mixed {
		mixed[i] += time.Duration(info.Start * float64(time.Second))
	}
	judge(t, "mix against tracks", mixed, seen, 60*time.Millisecond) // what mixing takes
}

func longEnough(i sidecar.Info, length time.Duration) bool {
	return i.State.Ended() || i.Length > length.Seconds()
}

// clap joins the room, and flashes and beeps twice a second.
func clap(t *testing.T, server *mcutest.Stage) {
	t.Helper()
	const period, long = 500 * time.Millisecond, 150 * time.Millisecond
	on := func(at time.Duration) bool { return (at+time.Millisecond)%period < long }
	_, client := server.Enter(mcu.JoinOptions{Room: "clap", Name: "Ada"}, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly})
	// The picture is sent late, which reports tell of.
	client.Film(rtctest.Camera{FrameRate: 30, Late: 20 * time.Millisecond, Draw: func(img *image.YCbCr, at time.Duration) {
		c := signal.Colour{Y: 100, Cb: 128, Cr: 128}
		if on(at) {
			c.Y = 235
		}
		c.Paint(img)
	}})
	beep := signal.Tone(1000, 0.3)
	client.Speak(func(i int) float32 {
		if on(time.Duration(i) * time.Second / pcm.Rate) {
			return beep(i)
		}
		return 0
	})
}

// flashes decodes a file's pictures and returns when each flash begins.
func flashes(t *testing.T, path string) (found []time.Duration) {
	t.Helper()
	times := strings.Fields(string(run(t, "ffprobe", "-v", "warning", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path)))
	grey := run(t, "ffmpeg", "-v", "warning", "-i", path, "-map", "v", "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000",
		"-vf", "scale=64:64:flags=area,format=gray", "-f", "rawvideo", "-")
	bright := true
	for i := 0; i < len(times) && 4096*i < len(grey); i++ {
		was := bright
		if bright = grey[4096*i+2080] > 160; bright && !was {
			s, _ := strconv.ParseFloat(strings.Trim(times[i], ","), 64)
			found = append(found, time.Duration(s*float64(time.Second)))
		}
	}
	return found
}

// judge holds how far each of a is behind the nearest of b.
func judge(t *testing.T, what string, a, b []time.Duration, usual time.Duration) {
	t.Helper()
	var skews []time.Duration
	for _, x := range a {
		nearest := slices.MinFunc(b, func(p, q time.Duration) int { return cmp.Compare((x - p).Abs(), (x - q).Abs()) })
		if d := x - nearest; d.Abs() < 250*time.Millisecond {
			skews = append(skews, d)
		}
	}
	if len(skews) < 16 {
		t.Fatalf("%s: %d flashes, %d beeps", what, len(a), len(b))
	}
	skews = skews[6:] // until reports have come
	drift := skews[len(skews)-1] - skews[0]
	slices.SortFunc(skews, func(p, q time.Duration) int { return cmp.Compare((p - usual).Abs(), (q - usual).Abs()) })
	p95 := skews[len(skews)*95/100] - usual
	t.Logf("%s: p95 %v, drift %v, of %d", what, p95, drift, len(skews))
	if p95.Abs() > 40*time.Millisecond+usual {
		t.Errorf("%s: %v apart", what, p95)
	}
}
