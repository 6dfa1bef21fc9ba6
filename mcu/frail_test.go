package mcu_test

import (
	"testing"
	"time"

	"tilemix/mcu/rtc/rtctest/network"
)

// TestFrailListener has one of four listeners lose a fifth of their packets. That listener
// gets an encoder of their own, and gives it back when the line is good again.
func TestFrailListener(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	voice, frail := s.join("frail", "Voice", both), s.join("frail", "Frail", buffered)
	for range 3 {
		s.join("frail", "Ear", viewer)
	}
	voice.Speak(adasVoice.Wave())
	second := func() float64 { // encodes of each block of the last second
		before := s.metric("tilemix_sound_encodes_total")
		time.Sleep(time.Second) // of what is counted
		return (s.metric("tilemix_sound_encodes_total") - before) / 50
	}
	s.await("the speaker's encoder and the shared one", func() bool { n := second(); return n > 1.8 && n < 2.2 })
	frail.Impair(network.Line{Down: network.Impairment{Loss: .2}})
	s.await("one more", func() bool { n := second(); return n > 2.8 && n < 3.2 })
	frail.Impair(network.Line{})
	s.await("two again", func() bool { n := second(); return n > 1.8 && n < 2.2 })
}
