// Package rtptime is the arithmetic of the server's clocks: NTP timestamps of RTCP reports, RTP
// timestamps, and the pacing of a clock that ticks.
//
//	RTCP report ──▶ FromNTP ──▶ time.Time ──▶ NTP ──▶ RTCP report
//	time of a tick ──▶ Pacer.Next ──▶ how long to wait for the next tick
//	wait of a picture ──▶ PhaseCorrection ──▶ Pacer.Shift
//
// Time is an argument everywhere. The package has no goroutine, no timer and no state but the
// Pacer's, which belongs to one goroutine.
package rtptime
