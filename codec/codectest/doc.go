// Package codectest is the one conformance suite that every codec passes. A
// codec's test calls Video or Audio with its constructors. The pictures, sounds
// and measures that the suite uses are exported for other tests.
package codectest

// bitrateSetter is an encoder whose target, in bits a second, can be changed between two calls.
type bitrateSetter interface{ SetBitrate(bps int) error }

// lossSetter is an encoder of sound whose in-band FEC is tuned to the loss, in per cent, that its
// receivers report.
type lossSetter interface{ SetPacketLoss(percent int) error }
