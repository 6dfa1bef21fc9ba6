package mcu_test

import (
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// freePort is mcutest.Port as a number.
func freePort(t *testing.T) int {
	t.Helper()
	port, _ := strconv.Atoi(mcutest.Port(t)) // it is one
	return port
}

// TestOnePort has all candidates of the server on the one port that was asked for.
func TestOnePort(t *testing.T) {
	cfg := small()
	cfg.RTCPort = freePort(t)
	s := serve(t, cfg)
	g := s.join("port", "Ada", both)
	udp, tcp := 0, 0
	for line := range strings.Lines(g.answer) {
		field := strings.Fields(line)
		if len(field) < 8 || !strings.HasPrefix(line, "a=candidate:") {
			continue
		}
		if field[5] != strconv.Itoa(cfg.RTCPort) {
			t.Errorf("candidate on another port: %s", line)
		}
		switch strings.ToLower(field[2]) {
		case "udp":
			udp++
		case "tcp":
			tcp++
			if !strings.Contains(line, "tcptype passive") {
				t.Errorf("not passive: %s", line)
			}
		}
	}
	if udp == 0 || tcp == 0 {
		t.Errorf("%d candidates of UDP, %d of TCP", udp, tcp)
	}
	if _, err := mcu.NewServer(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), strconv.Itoa(cfg.RTCPort)) {
		t.Errorf("a second server on port %d: %v", cfg.RTCPort, err)
	}
}

// TestThroughFirewalls has a participant join by one way while all others are closed to
// them. The participant sends and receives sound and pictures.
func TestThroughFirewalls(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real time from a machine that the race detector slows down")
	}
	cfg := small()
	cfg.TURN = true
	s := serve(t, cfg)
	relay := func(transport string) rtctest.Transport {
		for _, server := range s.ICEServers() {
			for _, url := range server.URLs {
				if strings.HasPrefix(url, "turn:") && strings.HasSuffix(url, transport) {
					return rtctest.Transport{TURN: url, Username: server.Username, Credential: server.Credential}
				}
			}
		}
		t.Fatalf("no TURN server for %s", transport)
		return rtctest.Transport{}
	}
	t.Cleanup(func() { // after all ways
		s.await("all relays to be gone", func() bool { return s.metric("tilemix_turn_relays") == 0 })
		if n := s.metric("tilemix_turn_total", "bad_credentials"); n != 0 {
			t.Errorf("%v requests had bad credentials", n)
		}
	})
	for _, test := range []struct {
		name, selected string
		way            rtctest.Transport
	}{
		{"udp", "host host udp", rtctest.Transport{}},
		{"tcp", "host host tcp", rtctest.Transport{TCP: true}},
		{"turn over udp", "relay host udp", relay("udp")},
		{"turn over tcp", "relay host udp", relay("tcp")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := s.sub(t)
			room := strings.ReplaceAll(test.name, " ", "-")
			ada, ben := s.join(room, "Ada", rtctest.Options{Transport: test.way}), s.join(room, "Ben", both)
			for g, tone := range map[*guest]float64{ada: 440, ben: 700} {
				g.Speak(signal.Tone(tone, 0.15))
			}
			film(ada, red)
			film(ben, blue)
			places := s.place(ada, ben)
			for _, g := range []*guest{ada, ben} {
				g.VideoSink.Await("both", func(p rtctest.Picture) error {
					if err := s.shows(p, places[ada], red); err != nil {
						return err
					}
					return s.shows(p, places[ben], blue)
				})
			}
			ada.AudioSink.Await("Ben", mixMinus([]float64{440, 700}, 0, 0.15))
			ben.AudioSink.Await("Ada", mixMinus([]float64{440, 700}, 1, 0.15))
			if got := ada.Selected(); got != test.selected {
				t.Errorf("the way is %q, not %q", got, test.selected)
			}
			checkStreams(t, ada, ben)
			s.leave(ada)
			s.leave(ben)
		})
	}
}
