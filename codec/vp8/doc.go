// Package vp8 is VP8 (RFC 6386) through libvpx.
//
//	*image.YCbCr ──▶ Encoder ──▶ codec.AccessUnit (one frame) ──▶ Decoder ──▶ *image.YCbCr
//
// The encoder works in real time: one pass, constant bitrate, no picture held back
// and a key frame only at the start and on demand. The decoder conceals nothing: a
// stream that is cut shows no picture until its next key frame. But VP8 has no
// checksum and gives almost any bytes a meaning, so what was changed inside a
// frame is shown as it comes out.
//
// The binding is our own: that of mediadevices pulls pictures from a reader and
// timestamps from the wall clock, has no say in the encoder's speed, copies every
// picture it decodes and frees memory that is libvpx's.
//
// Encoder and Decoder are each owned by one goroutine.
//
// # Why
//
// VP8 is for clients without H.264. The binding is our own: that of pion/mediadevices
// timestamps by the wall clock, pulls pictures, cannot set the encoder's speed and frees
// memory that is libvpx's. Packets have no PictureID, because receivers expect consecutive
// PictureIDs and viewers move between renditions.
package vp8
