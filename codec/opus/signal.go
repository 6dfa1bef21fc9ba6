package opus

/*
#cgo pkg-config: opus
#include <opus.h>

static int set_signal(void *encoder, int signal) {
	return opus_encoder_ctl((OpusEncoder *)encoder, OPUS_SET_SIGNAL(signal));
}

static int set_channels(void *encoder, int channels) {
	return opus_encoder_ctl((OpusEncoder *)encoder, OPUS_SET_FORCE_CHANNELS(channels));
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"tilemix/codec"
)

// Signal is what an encoder is made for. libopus takes it between any two packets and fades from
// one coding to the other (RFC 6716 §4.5), so that a decoder hears no click.
type Signal int

// Signals.
const (
	// Voice is one talker: linear prediction (SILK) with a hybrid above 8 kHz, up to 63 kbit/s.
	Voice Signal = C.OPUS_SIGNAL_VOICE
	// Music is everything else, several talkers too: transform coding (CELT), from 10 kbit/s.
	Music Signal = C.OPUS_SIGNAL_MUSIC
)

// SetSignal says what the next blocks are. FEC data needs linear prediction: an encoder that is
// told of 10 per cent of loss or more uses it for music too.
func (e *Encoder) SetSignal(s Signal) error {
	if e.enc == nil {
		return codec.ErrClosed
	}
	if code := C.set_signal(unsafe.Pointer(&e.state[0]), C.int(s)); code != C.OPUS_OK {
		return fmt.Errorf("opus: set signal %d: libopus has error %d", s, code)
	}
	return nil
}

// SetMono has a stereo encoder code the half of both channels' sum, or again both. Packets of one
// channel follow those of two without a seam, and the other way round.
func (e *Encoder) SetMono(mono bool) error {
	if e.enc == nil {
		return codec.ErrClosed
	}
	channels := C.int(C.OPUS_AUTO)
	if mono {
		channels = 1
	}
	if code := C.set_channels(unsafe.Pointer(&e.state[0]), channels); code != C.OPUS_OK {
		return fmt.Errorf("opus: set channels: libopus has error %d", code)
	}
	return nil
}
