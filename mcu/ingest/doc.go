// Package ingest takes what a participant sends, one type for each kind of track.
//
//	packets ──▶ Video.Push: queue ──▶ depacketizer ──▶ decoder ──▶ scale ──▶ slot ──▶ Picture
//	packets ──▶ Voice.Push: ring ──▶ Pull: jitter buffer ──▶ decoder ──▶ pcm.Block
//
// Push belongs to the goroutine that reads the track, the other end to the clock
// that draws or mixes. Neither waits for the other, and there are no goroutines in
// between.
package ingest
