package ingest_test

import (
	"testing"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/poll"
)

// beside is a decoder of a stereo whose side is half of its mono, and whose rest a quarter.
type beside struct{ *opus.Decoder }

func (beside) Sides(mono, side, rest []float32) bool {
	for i, m := range mono {
		side[i], rest[i] = m/2, -m/4
	}
	return true
}

// TestSidesFollow plays a stereo voice over bad lines: whatever is lost, concealed, stretched or
// faded is that in all channels, to the bit.
func TestSidesFollow(t *testing.T) {
	poll.Alone(t)
	for _, c := range []struct {
		name   string
		jitter time.Duration
		loss   float64
		drift  float64 // of the sender's clock
	}{
		{"good", 0, 0, 1},
		{"lossy", 30 * ms, 0.2, 1},
		{"fast", 30 * ms, 0.02, 0.97},
		{"slow", 30 * ms, 0.02, 1.03},
		{"bursts", 400 * ms, 0.05, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dec, err := opus.NewDecoder()
			if err != nil {
				t.Fatal(err)
			}
			v := ingest.NewStereoVoice(beside{dec})
			defer v.Close()
			sounds := vowel()
			in := speak(t, 400, 10, func(i int) float32 {
				if i/pcm.Rate%3 == 2 { // pauses
					return 0
				}
				return sounds(i)
			})
			for i := range in {
				in[i].at = time.Duration(float64(in[i].at) * c.drift)
			}
			in = impair(in, c.jitter, c.loss)
			heard := 0
			for now := 3 * ms; now < 9*time.Second; now += pcm.Duration {
				for len(in) > 0 && in[0].at <= now {
					v.Push(ingest.VoicePacket{Packet: &in[0].Packet}, epoch.Add(in[0].at))
					in = in[1:]
				}
				var b pcm.Block
				if _, ok := v.Pull(&b, epoch.Add(now)); ok {
					heard++
				}
				side, rest := v.Sides()
				if side == nil {
					if b != (pcm.Block{}) {
						t.Fatal("it is mono")
					}
					continue
				}
				for i, m := range b {
					if side[i] != m/2 || rest[i] != -m/4 {
						t.Fatalf("after %v sample %d is %v, beside it are %v and %v", now, i, m, side[i], rest[i])
					}
				}
			}
			if n := v.Stats(); heard < 250 {
				t.Errorf("%d blocks are heard: %+v", heard, n)
			}
		})
	}
}

// TestSidesAllocate: a stereo voice allocates when it begins to be stereo, and then no more.
func TestSidesAllocate(t *testing.T) {
	enc, err := opus.NewStereoEncoder(64_000)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	v := ingest.NewStereoVoice(dec)
	defer v.Close()
	frame, sounds := make([]float32, 2*pcm.Samples), vowel()
	for i := range pcm.Samples {
		frame[2*i] = sounds(i)
	}
	packet := speak(t, 1, 0, sounds)[0]
	packet.Payload = packet.Payload[:cap(packet.Payload)]
	now := epoch
	var b pcm.Block
	step := func() {
		n, err := enc.Encode(packet.Payload[:cap(packet.Payload)], frame)
		if err != nil {
			t.Fatal(err)
		}
		packet.Payload = packet.Payload[:n]
		packet.SequenceNumber++
		packet.Timestamp += pcm.Samples
		v.Push(ingest.VoicePacket{Packet: &packet.Packet}, now)
		v.Pull(&b, now)
		now = now.Add(pcm.Duration)
	}
	for range 300 {
		step()
	}
	if side, _ := v.Sides(); side == nil || pcm.Level(side[:]) > 60 {
		t.Error("it is not stereo")
	}
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
