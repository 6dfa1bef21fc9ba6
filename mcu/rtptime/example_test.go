package rtptime_test

import (
	"fmt"
	"time"

	"tilemix/mcu/rtptime"
)

// Timestamps of 90 kHz wrap around every 13 hours, and spans across that are right.
func ExampleSince() {
	before := rtptime.Timestamp(13*time.Hour, 90_000)
	after := rtptime.Timestamp(14*time.Hour, 90_000)
	fmt.Println(after < before, rtptime.Since(after, before, 90_000))
	// Output:
	// true 1h0m0s
}

// A sender report has an instant as NTP's 32.32 fixed point (RFC 3550 section 4).
func ExampleNTP() {
	at := time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC)
	ntp := rtptime.NTP(at)
	fmt.Printf("%#x %v\n", uint32(ntp), rtptime.FromNTP(ntp).UTC())
	// Output:
	// 0x80000000 2026-01-02 03:04:05.5 +0000 UTC
}
