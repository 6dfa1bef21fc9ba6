// Package capture is cameras and microphones for a client without a browser: those of
// the machine, files that FFmpeg reads, and test signals.
//
//	OpenCamera ─▶ Camera.Read ─▶ *image.YCbCr 4:2:0, BT.601 in limited range
//	OpenMicrophone ─▶ Microphone.Read ─▶ pcm.Block
//
// Cameras (v4l2) and test signals are pion/mediadevices' drivers. Its
// driver of microphones is not used, since it opens the machine's sound system as
// the program starts, whatever the program does then, and keeps memory that is no longer its own;
// the library under it (miniaudio) is, as soon as a microphone is asked for.
//
// Each source belongs to one goroutine, which also closes it.
//
// # Why
//
// pion/mediadevices' driver of microphones is not used. It opens the sound system when any
// program that contains it starts, also "serve", and returns memory that miniaudio has taken
// back. This package uses miniaudio itself, on demand.
package capture
