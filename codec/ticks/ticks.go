// Package ticks converts between durations and the ticks of a media clock.
//
// One implementation serves RTP timestamps (mcu/rtptime), MP4 (codec/mp4) and HLS
// (mcu/broadcast), so that all of them round alike: to the nearest tick.
package ticks

import "time"

// Video is the rate of every video clock, in Hz (RFC 6184 §8.2.1, RFC 7741 §4.1).
const Video = 90_000

// Of returns the ticks of a clock of rate Hz that are nearest to d. It does not overflow for any
// d and any rate up to 1 GHz.
func Of(d time.Duration, rate int64) int64 {
	whole, rest := int64(d/time.Second)*rate, int64(d%time.Second)*rate
	half := int64(time.Second) / 2
	if rest < 0 {
		half = -half
	}
	return whole + (rest+half)/int64(time.Second)
}

// Duration returns how long n ticks of a clock of rate Hz last, cut to whole nanoseconds.
func Duration(n, rate int64) time.Duration {
	return time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
}
