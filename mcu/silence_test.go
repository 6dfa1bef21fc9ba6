package mcu_test

import (
	"fmt"
	"image"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/mcu"
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
	large := [][]byte{largest(t)} // before anybody is there, because it takes its time
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
		"picture-too-large": func(g *guest) { g.Play(large, 1) },
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
	guests["codec-refused"] = s.another(t, "silent", "as codec-refused")
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
		if n := strings.Count(s.Log.String(), line); n != 1 {
			t.Errorf("%q is logged %d times", line, n)
		}
		if n := s.metric("tilemix_silent_sources_total", reason, "camera"); n != 1 {
			t.Errorf("%s is counted %v times", reason, n)
		}
	}
}

// largest returns an IDR of 4096x2304, which a decoder takes and the server's settings do not.
func largest(t *testing.T) []byte {
	t.Helper()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: 4096, Height: 2304, FrameRate: 1, Bitrate: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	au, err := enc.Encode(image.NewYCbCr(image.Rect(0, 0, 4096, 2304), image.YCbCrSubsampleRatio420), 0)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(au.Data)
}

// another joins a client that sends pictures of a payload type that was not accepted.
func (s *stage) another(t *testing.T, room, name string) *guest {
	t.Helper()
	g := &guest{Client: rtctest.New(t, publisher)}
	var err error
	if g.p, err = s.Join(mcu.JoinOptions{Room: room, Name: name, Send: g.news.put}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.p.Leave()
		<-g.p.Done()
	})
	offer, err := g.Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.p.Offer(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	accepted := regexp.MustCompile(`a=rtpmap:(\d+) H264`).FindStringSubmatch(answer)[1]
	changed := regexp.MustCompile(`(m=video .*|a=(?:rtpmap|fmtp|rtcp-fb):)\b`+accepted+`\b`).ReplaceAllString(answer, "${1}77")
	if err := g.Answer(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	g.Speak(signal.Tone(440, 0.1))
	film(g, red)
	return g
}
