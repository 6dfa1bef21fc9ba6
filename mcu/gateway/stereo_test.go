package gateway_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/pcm"
	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestStereo plays a film with a tone in each channel into a room with two, and pushes the mix, as
// AAC and as Opus. A listener and both far ends have each tone where it is in the film.
func TestStereo(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	settings := mcutest.Small()
	settings.AudioChannels, settings.KeepLoudness = 2, true
	s := stageOf(t, settings, nil)
	_, vic := s.Enter(mcu.JoinOptions{Room: "stereo", Name: "Vic", Viewer: true}, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly, Stereo: true})
	runTool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=red:s=320x180:r=30",
		"-f", "lavfi", "-i", "aevalsrc='0.2*sin(880*PI*t)|0.2*sin(2200*PI*t)':s=48000",
		"-pix_fmt", "yuv420p", "-g", "30", "-t", "5", "-c:v", "libx264", "-c:a", "aac", "-b:a", "128k", filepath.Join(s.dir, "film.mp4"))
	if _, err := s.AddInput(t.Context(), "stereo", gateway.InputOptions{URL: "file:film.mp4", Loop: true}); err != nil {
		t.Fatal(err)
	}
	var left, right []float32
	vic.AudioSink.Await("both tones", func(s rtctest.Sound) error {
		if s.Side == nil {
			return fmt.Errorf("it is mono")
		}
		for i, m := range s.Block {
			left, right = append(left, m+s.Side[i]), append(right, m-s.Side[i])
		}
		left, right = left[max(0, len(left)-pcm.Rate/4):], right[max(0, len(right)-pcm.Rate/4):]
		return apart(left, right)
	})
	var receivers []*receiver
	for _, f := range far {
		if f.name == "SRT" {
			continue
		}
		port := mcutest.Port(t)
		receivers = append(receivers, receive(t, f.listen(port)...))
		if _, err := s.AddOutput(t.Context(), "stereo", gateway.OutputOptions{URL: strings.Replace(f.url, "PORT", port, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range receivers {
		r.await(40_000)
		raw := runTool(t, "ffmpeg", "-v", "error", "-i", r.file, "-map", "a", "-f", "s16le", "-")
		var channels [2][]float32
		for i := 0; i+3 < len(raw); i += 4 {
			for c := range channels {
				channels[c] = append(channels[c], float32(int16(uint16(raw[i+2*c])|uint16(raw[i+2*c+1])<<8))/32768)
			}
		}
		const window = pcm.Rate / 4
		err := fmt.Errorf("there is nothing")
		for at := 0; err != nil && at+window < len(channels[0]); at += window {
			err = apart(channels[0][at:][:window], channels[1][at:][:window])
		}
		if err != nil {
			t.Errorf("%s: %v", r.file, err)
		}
	}
}

// apart returns an error where the tones of the film are not 20 dB apart, or not as loud as each other.
func apart(left, right []float32) error {
	level := func(sound []float32, hertz float64) float64 { return signal.DB(signal.Amplitude(sound, hertz)) }
	l, r := level(left, 440), level(right, 1100)
	if l < -20 || math.Abs(l-r) > 1 || level(left, 1100) > l-20 || level(right, 440) > l-20 {
		return fmt.Errorf("440 Hz has %.1f and %.1f dBFS, 1100 Hz %.1f and %.1f", l, level(right, 440), level(left, 1100), r)
	}
	return nil
}
