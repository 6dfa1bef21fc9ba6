// Package capture reads cameras and microphones for a client without a browser. A source is a
// device of the machine, a file that FFmpeg decodes, or a test signal.
//
//	OpenCamera ─▶ Camera.Read ─▶ *image.YCbCr 4:2:0, BT.601 in limited range
//	OpenMicrophone ─▶ Microphone.Read ─▶ pcm.Block
//
// The drivers of cameras (v4l2) and test signals are those of pion/mediadevices. Each source
// belongs to one goroutine, which also closes it.
//
// # Why
//
// This package does not use the microphone driver of pion/mediadevices. That driver opens the
// sound system when any program that contains it starts, also "serve", and returns memory that
// miniaudio has taken back. This package uses miniaudio itself, when OpenMicrophone needs it.
package capture
