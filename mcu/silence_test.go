package mcu_test

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestSilent has clients send what cannot become pictures, over real connections. All are told why
// after 5 s, and the log and the metric have it once.
func TestSilent(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	eye := s.join("silent", "Eye", viewer)
	kind := func(payload []byte) byte { return payload[0] & 0x1f }
	spoilt := func(spoil func(key bool, payloads [][]byte) [][]byte) func(*guest) {
		return func(g *guest) {
			g.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) { red.Paint(img) }, Spoil: spoil})
		}
	}
	guests := map[string]*guest{}
	for reason, send := range map[string]func(*guest){
		"no-video-received": func(*guest) {},
		"no-parameter-sets": spoilt(func(_ bool, payloads [][]byte) [][]byte {
			return slices.DeleteFunc(payloads, func(p []byte) bool { return kind(p) == 7 || kind(p) == 8 || kind(p) == 24 })
		}),
		"no-key-frame": spoilt(func(key bool, payloads [][]byte) [][]byte {
			if key {
				return nil
			}
			return payloads
		}),
		"not-decodable": spoilt(func(_ bool, payloads [][]byte) [][]byte {
			for _, p := range payloads {
				p[0] |= 0x1f // a type that RFC 6184 leaves out
			}
			return payloads
		}),
		"": spoilt(nil),
	} {
		g := s.join("silent", "as "+reason, publisher)
		g.Speak(signal.Tone(440, 0.1))
		send(g)
		guests[reason] = g
	}
	s.await("all reasons", func() bool {
		lists := of[control.Participants](&eye.news)
		return len(lists) > 0 && !slices.ContainsFunc(lists[len(lists)-1].Participants, func(p control.Person) bool {
			return p.Name != strings.TrimSpace("as "+p.Reason) || (p.Reason != "") != (p.Line == control.LineWeak)
		})
	})
	for reason := range guests {
		if reason == "" {
			continue
		}
		line := fmt.Sprintf("kind=camera reason=%s", reason)
		if n := s.log.count(line); n != 1 {
			t.Errorf("%q is logged %d times", line, n)
		}
		if n := s.metric("tilemix_silent_sources_total", reason, "camera"); n != 1 {
			t.Errorf("%s is counted %v times", reason, n)
		}
	}
}
