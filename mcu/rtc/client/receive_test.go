package client

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"
)

// TestInstantsFollowTheTie counts timestamps on for days from one sender report, over every
// wrap, at the rates of pictures and sound: no instant is off by more than its rounding.
func TestInstantsFollowTheTie(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int64{48_000, 90_000}).Draw(t, "rate")
		start := time.Unix(1000, 0)
		first := rapid.Uint32().Draw(t, "timestamp")
		r := inbound{rate: rate}
		if _, ok := r.instant(first); ok {
			t.Fatal("an instant is known before the tie")
		}
		r.tie.Store(&tie{first, start})
		ticks := int64(0)
		for range rapid.IntRange(1, 300).Draw(t, "units") {
			// A picture may overtake another.
			ticks += rapid.SampledFrom([]int64{-rate / 10, rate / 30, 60 * rate, 1799 * rate}).Draw(t, "ticks")
			want := start.Add(time.Duration(ticks/rate)*time.Second + time.Duration(ticks%rate*int64(time.Second)/rate))
			got, ok := r.instant(first + uint32(ticks))
			if d := got.Sub(want); !ok || d.Abs() > time.Microsecond {
				t.Fatalf("%d ticks are %v, %v off", ticks, got, d)
			}
		}
	})
}

// TestArrivalsTieWhereNoReportComes: after reportsBy without a sender report the client plays
// a track by its arrivals, and a later report changes nothing.
func TestArrivalsTieWhereNoReportComes(t *testing.T) {
	r := inbound{rate: 90_000}
	packet := &rtp.Packet{Header: rtp.Header{Timestamp: 7}}
	r.arrive(packet)
	if _, ok := r.instant(7); ok {
		t.Error("the first packet tied the track")
	}
	r.began = time.Now().Add(-reportsBy - time.Second)
	r.arrive(packet)
	at, ok := r.instant(7)
	if !ok || time.Since(at) > time.Minute {
		t.Errorf("after %v: %v, %v", reportsBy, at, ok)
	}
	r.arrive(&rtp.Packet{Header: rtp.Header{Timestamp: 90_007}})
	if next, _ := r.instant(90_007); next.Sub(at) != time.Second {
		t.Errorf("a second later is %v later", next.Sub(at))
	}
}

// TestKeyFrames finds an IDR behind other NAL units, and none where there is none.
func TestKeyFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		au   []byte
		want bool
	}{
		{"an IDR", []byte{0, 0, 0, 1, 0x65, 1}, true},
		{"behind parameter sets", []byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 1}, true},
		{"another slice", []byte{0, 0, 0, 1, 0x61, 0x65}, false},
		{"no start code", []byte{0, 1, 0x65, 0x65, 0x65}, false},
		{"only a start code", []byte{0, 0, 1}, false},
		{"nothing", nil, false},
	} {
		if got := isKey(c.au); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
