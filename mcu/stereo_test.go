package mcu_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// hall keeps half a second of what a client hears, as left and right.
type hall struct{ left, right []float32 }

func (h *hall) hear(s rtctest.Sound) {
	for i, m := range s.Block {
		side := float32(0)
		if s.Side != nil {
			side = s.Side[i]
		}
		h.left, h.right = append(h.left, m+side), append(h.right, m-side)
	}
	if n := len(h.left) - pcm.Rate/2; n > 0 {
		h.left, h.right = slices.Delete(h.left, 0, n), slices.Delete(h.right, 0, n)
	}
}

// placed is a tone and its level in each channel, in dBFS of a sine; far less is -90.
type placed struct{ hertz, left, right float64 }

// fits tells how what was heard differs from a tone: within 1 dB where it is, and 20 dB under
// the other channel where it is not.
func (h *hall) fits(w placed) error {
	if len(h.left) < pcm.Rate/2 {
		return fmt.Errorf("%d samples so far", len(h.left))
	}
	l, r := signal.DB(signal.Amplitude(h.left, w.hertz)), signal.DB(signal.Amplitude(h.right, w.hertz))
	near := func(got, want float64) bool {
		return want > -80 && math.Abs(got-want) <= 1 || want <= -80 && got < max(w.left, w.right)-20
	}
	if w.left <= -80 && w.right <= -80 {
		near = func(got, _ float64) bool { return got < -50 }
	}
	if !near(l, w.left) || !near(r, w.right) {
		return fmt.Errorf("%v Hz has %.1f and %.1f dBFS, not %.1f and %.1f", w.hertz, l, r, w.left, w.right)
	}
	return nil
}

// TestStereo has a musician in stereo, one whose channels are opposites, and a voice. Those who
// ask for stereo hear each where it is, the others hear all, and none hears itself.
func TestStereo(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.AudioChannels, cfg.KeepLoudness = 2, true
	s := serve(t, cfg)
	mono := rtctest.Options{}
	stereo := rtctest.Options{Stereo: true}
	music, wrong, voice, ear := s.join("stereo", "music", stereo), s.join("stereo", "wrong", stereo), s.join("stereo", "voice", mono), s.join("stereo", "ear", stereo)
	if !strings.Contains(music.answer, ";stereo=1;sprop-stereo=1") || !strings.Contains(voice.answer, ";stereo=1\r") {
		t.Errorf("the answers are %s and %s", music.answer, voice.answer)
	}
	low, high := signal.Tone(500, 0.1), signal.Tone(1100, 0.2)
	music.SpeakStereo(low, high)
	beep := signal.Tone(1700, 0.1)
	wrong.SpeakStereo(beep, func(i int) float32 { return -beep(i) })
	voice.Speak(signal.Tone(2300, 0.1))

	const none = -90
	for g, want := range map[*guest][]placed{
		ear:   {{500, -20, none}, {1100, none, -14}, {1700, -20, -20}, {2300, -20, -20}},
		music: {{500, none, none}, {1100, none, none}, {1700, -20, -20}, {2300, -20, -20}},
		wrong: {{500, -20, none}, {1100, none, -14}, {1700, none, none}, {2300, -20, -20}},
		voice: {{500, -26, -26}, {1100, -20, -20}, {1700, -20, -20}, {2300, none, none}},
	} {
		var h hall
		g.AudioSink.Await("the others", func(sound rtctest.Sound) error {
			h.hear(sound)
			if g == voice && sound.Side != nil {
				t.Error("one who did not ask for stereo gets it")
			}
			for _, w := range want {
				if err := h.fits(w); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
