package ingest_test

import (
	"image"
	"math"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/poll"
)

// skews are how much later than its sound each picture was shown, in seconds.
type skews []float64

func (s *skews) Observe(v float64) { *s = append(*s, v) }

// ntp is a sender's clock, which is years off, at a time since the sender began.
func ntp(at time.Duration) uint64 {
	return uint64(3_000_000_000+at/time.Second)<<32 | uint64(at%time.Second)<<32/uint64(time.Second)
}

// TestLips sends sound and picture apart from each other: by the sender's reports they
// are brought together, without them what comes together is shown together.
func TestLips(t *testing.T) {
	poll.Alone(t)
	const ms = time.Millisecond
	for _, c := range []struct {
		name           string
		picture, sound time.Duration // come so late
		loud           bool          // and without a pause
		reports        bool
		least, most    time.Duration // skew, by the reports or by arrival
	}{
		{"together", 0, 0, false, true, -30 * ms, 20 * ms},
		{"late sound", 20 * ms, 170 * ms, false, true, -20 * ms, 25 * ms},
		{"late picture", 140 * ms, 0, false, true, -20 * ms, 30 * ms},
		{"late picture, loud sound", 140 * ms, 0, true, true, -20 * ms, 30 * ms},
		{"far too late sound", 0, 900 * ms, false, true, -900 * ms, -400 * ms},
		{"no reports", 0, 170 * ms, false, false, -30 * ms, 20 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreening(t, image.Pt(160, 90))
			defer s.end(t)
			voice := talk(t)
			defer voice.Close()
			units := encoded(t, 160, 90, 30)
			var pictures, blocks int
			var heard []float32
			var seq uint16
			for at := time.Duration(0); at < 6*time.Second; at += ms {
				now := epoch.Add(at)
				for ; time.Duration(blocks)*pcm.Duration+c.sound <= at; blocks++ {
					voice.send(t, blocks, c.loud, c.reports, now)
				}
				for ; time.Duration(pictures)*time.Second/30+c.picture <= at; pictures++ {
					if c.reports {
						s.Report(ntp(time.Duration(pictures)*time.Second/30), uint32(pictures*3000))
					}
					p := packets(seq, units[pictures%30])
					seq += uint16(len(p))
					for j := range p {
						p[j].Timestamp = uint32(pictures * 3000)
						s.Push(&p[j], now)
					}
				}
				if at%pcm.Duration == 0 {
					voice.Pull(&voice.block, now)
					heard = append(heard, voice.block[:]...)
				}
				if at%(33*ms) == 0 {
					s.Picture(voice.Voice, now)
				}
			}
			if worst, at := click(heard[pcm.Rate/2:], 437); c.loud && worst > 0.005 {
				t.Errorf("a click of %.3f after %.3f s", worst, 0.5+float64(at)/pcm.Rate)
			}
			late := s.skews[len(s.skews)/2:]
			mean := 0.0
			for _, d := range late {
				mean += d / float64(len(late))
			}
			if got := time.Duration(mean * float64(time.Second)); got < c.least || got > c.most || math.IsNaN(mean) {
				t.Errorf("pictures are %v later than their sound", got)
			}
		})
	}
}

// speech is a Voice with a real decoder, and what is sent to it.
type speech struct {
	*ingest.Voice
	enc   *opus.Encoder
	block pcm.Block
}

func talk(t *testing.T) *speech {
	t.Helper()
	dec, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { enc.Close() })
	return &speech{Voice: ingest.NewVoice(dec), enc: enc}
}

// send sends a block of faint noise, as there is in pauses, or of a loud tone.
func (s *speech) send(t *testing.T, n int, loud, report bool, now time.Time) {
	t.Helper()
	var block pcm.Block
	for i := range block {
		if block[i] = float32((i*7919)%97-48) / 48 / 2000; loud {
			block[i] = tone(437)(n*pcm.Samples + i)
		}
	}
	packet := make([]byte, 1275)
	size, err := s.enc.Encode(packet, block[:])
	if err != nil {
		t.Fatal(err)
	}
	if report {
		s.Report(ntp(time.Duration(n)*pcm.Duration), uint32(n*pcm.Samples))
	}
	s.Push(ingest.VoicePacket{Packet: &rtp.Packet{
		Header: rtp.Header{SequenceNumber: uint16(n), Timestamp: uint32(n * pcm.Samples)}, Payload: packet[:size],
	}}, now)
}
