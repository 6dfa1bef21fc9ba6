package record

import (
	"time"

	"tilemix/codec/mp4"
)

// voice is the way of the sound into the file.
type voice interface {
	// start starts what write needs.
	start() error
	// write takes an Opus packet, which the file has at an instant.
	write(packet []byte, at time.Duration) error
	// close writes what is left, if the file takes it.
	close(whole bool) error
}

// newVoice returns the way for the codec that is wanted.
func newVoice(audio string, out *mp4.Writer) (voice, error) {
	if audio == "aac" {
		return newAAC(out)
	}
	return asItIs{out}, nil
}

// asItIs leaves Opus as it is.
type asItIs struct{ out *mp4.Writer }

func (asItIs) start() error                                  { return nil }
func (v asItIs) write(packet []byte, at time.Duration) error { return v.out.WriteAudio(packet, at) }
func (asItIs) close(bool) error                              { return nil }
