package join

import (
	"context"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/capture"
	"tilemix/mcu/rtc/client"
)

const voiceBitrate = 48_000 // bits a second

// voice sends the sound of a microphone. It belongs to one goroutine.
type voice struct {
	microphone capture.Microphone
	call       *call
	encoder    *opus.Encoder
	packet     [1275]byte
	at         time.Duration // of the next block, from the call's epoch
}

func newVoice(microphone capture.Microphone, call *call) (*voice, error) {
	encoder, err := opus.NewEncoder(voiceBitrate)
	if err != nil {
		return nil, err
	}
	return &voice{microphone: microphone, call: call, encoder: encoder}, nil
}

// run sends until ctx ends or the microphone does.
func (v *voice) run(ctx context.Context) error {
	defer v.microphone.Close()
	defer v.encoder.Close()
	var block pcm.Block
	for ctx.Err() == nil {
		if err := v.microphone.Read(&block); err != nil {
			if ctx.Err() != nil {
				break
			}
			return fail("microphone", err)
		}
		at := v.stamp(time.Now())
		n, err := v.encoder.Encode(v.packet[:], block[:])
		if err != nil {
			return fail("microphone", err)
		}
		packet := v.packet[:n]
		v.call.write(func(conn *client.Client) { _ = conn.WriteAudio(packet, at) }) // connect returns the error of a lost connection
	}
	return ctx.Err()
}

// leap is how far the sound may be from the clock before its timestamps leap.
const leap = 100 * time.Millisecond

// stamp returns the time at which a block began that came now. Its times follow each other
// without a gap while they are within leap of the clock.
func (v *voice) stamp(now time.Time) time.Duration {
	began := now.Sub(v.call.epoch) - pcm.Duration
	if off := v.at - began; off > leap || off < -leap {
		v.at = began
	}
	at := v.at
	v.at += pcm.Duration
	return at
}
