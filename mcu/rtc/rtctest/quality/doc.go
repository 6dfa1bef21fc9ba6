// Package quality measures what one test client sees and hears of another: how much of it
// comes, how late, and with which interruptions.
//
//	VideoSink ── Picture, numbered by barcode ──▶ Sight ──▶ Seen
//	AudioSink ── Sound, with a Warble in it ─────▶ Hearing ──▶ gaps, skews
//
// It has no goroutine: the sinks of the client that watches call it.
package quality
