package codectest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"tilemix/codec"
	"tilemix/codec/pcm"
)

// lossy decodes packets of which every fifth is lost and fills the gaps by
// Recover, with the packet that follows when fec is set.
func lossy(t *testing.T, dec codec.AudioDecoder, packets [][]byte, fec bool) []float32 {
	t.Helper()
	var sound []float32
	for i, p := range packets {
		if i%5 != 3 || i+1 == len(packets) {
			sound = append(sound, wantBlock(t, dec, p)...)
			continue
		}
		var next []byte
		if fec {
			next = packets[i+1]
		}
		gap := make([]float32, pcm.Samples)
		if err := dec.Recover(gap, next); err != nil {
			t.Fatalf("recover: %v", err)
		}
		sound = append(sound, gap...)
	}
	return sound
}

func audioRecovery(t *testing.T, c AudioCodec) {
	enc := c.encoder(t, 32_000)
	if err := enc.(lossSetter).SetPacketLoss(20); err != nil {
		t.Fatalf("set packet loss: %v", err)
	}
	sound := Voice(200)
	packets := encodeAll(t, enc, sound)
	concealed := lossy(t, c.decoder(t), packets, false)
	recovered := lossy(t, c.decoder(t), packets, true)
	if ratio := Power(concealed) / Power(sound); ratio < 0.5 || ratio > 2 {
		t.Errorf("concealment changed the power by a factor of %.2f", ratio)
	}
	with, without := SNR(sound, recovered), SNR(sound, concealed)
	if !(with > without+1) { // nor where both are -Inf
		t.Errorf("signal-to-noise ratio is %.1f dB with FEC and %.1f without", with, without)
	}
}

func audioRefused(t *testing.T, c AudioCodec) {
	enc, dec := c.encoder(t, 32_000), c.decoder(t)
	packet := make([]byte, maxPacket)
	for _, n := range []int{0, 1, pcm.Samples - 1, pcm.Samples + 1, 2 * pcm.Samples} {
		if _, err := enc.Encode(packet, make([]float32, n)); err == nil {
			t.Errorf("block of %d samples was accepted", n)
		}
	}
	if _, err := enc.Encode(nil, make([]float32, pcm.Samples)); err == nil {
		t.Error("encoded into no memory")
	}
	good := encodeAll(t, enc, Voice(1))[0]
	if _, err := dec.Decode(make([]float32, 10), good); err == nil {
		t.Error("decoded into too little memory")
	}
	for _, n := range []int{0, 7, maxDecoded + 120} {
		if err := dec.Recover(make([]float32, n), nil); err == nil {
			t.Errorf("recovered %d samples", n)
		}
	}
	wantBlock(t, dec, good)
}

func audioDamaged(t *testing.T, c AudioCodec) {
	enc, dec := c.encoder(t, 32_000), c.decoder(t)
	dst := make([]float32, maxDecoded)
	if _, err := dec.Decode(dst, nil); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("empty packet: %v", err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for _, p := range encodeAll(t, enc, Voice(300)) {
		bad := bytes.Clone(p[:random.IntN(len(p))+1])
		for i := range bad {
			bad[i] ^= byte(random.Uint32())
		}
		n, err := dec.Decode(dst, bad)
		switch {
		case errors.Is(err, codec.ErrCorrupt):
			refused++
		case err != nil || n <= 0 || n > maxDecoded:
			t.Fatalf("damaged packet: %d samples, error %v", n, err)
		}
		if err := dec.Recover(dst[:pcm.Samples], bad); err != nil {
			t.Fatalf("recover from a damaged packet: %v", err)
		}
		wantBlock(t, dec, p)
	}
	if refused == 0 {
		t.Error("no damaged packet was refused")
	}
	sound := Voice(100)
	if snr := SNR(sound, decodeAll(t, dec, encodeAll(t, c.encoder(t, 64_000), sound))); snr < minSNR-2 {
		t.Errorf("signal-to-noise ratio is %.1f dB after damaged packets", snr)
	}
}

func audioClose(t *testing.T, c AudioCodec) {
	enc, dec := c.encoder(t, 32_000), c.decoder(t)
	packet := encodeAll(t, enc, Voice(1))[0]
	for range 2 {
		if err := enc.Close(); err != nil {
			t.Errorf("close encoder: %v", err)
		}
		if err := dec.Close(); err != nil {
			t.Errorf("close decoder: %v", err)
		}
	}
	block := make([]float32, maxDecoded)
	_, encodeErr := enc.Encode(make([]byte, maxPacket), block[:pcm.Samples])
	_, decodeErr := dec.Decode(block, packet)
	for name, err := range map[string]error{
		"encode":          encodeErr,
		"decode":          decodeErr,
		"recover":         dec.Recover(block[:pcm.Samples], nil),
		"set bitrate":     enc.(bitrateSetter).SetBitrate(32_000),
		"set packet loss": enc.(lossSetter).SetPacketLoss(5),
	} {
		if !errors.Is(err, codec.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}
