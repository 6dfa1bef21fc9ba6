// Package ingest takes one inbound track in: packets become pictures or sound.
//
//	camera ──▶ Video.Push: queue ──▶ access unit ──▶ decode ──▶ scale ──▶ slot ──▶ Video.Picture
//	mic ─────▶ Voice.Push ──▶ ring of packets ──▶ Voice.Pull: jitter buffer ──▶ decode ──▶ pcm.Block
//
// Each track has two halves: Push belongs to the goroutine that reads it,
// Picture and Pull to the room's clocks. They meet in a slot or a ring without a
// lock, and neither waits for the other.
package ingest
