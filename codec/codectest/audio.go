package codectest

import (
	"bytes"
	"slices"
	"testing"

	"tilemix/codec"
	"tilemix/codec/pcm"
)

// AudioCodec is what Audio tests.
type AudioCodec struct {
	NewEncoder func(bitrate int) (codec.AudioEncoder, error)
	NewDecoder func() (codec.AudioDecoder, error)
}

// Room for any packet and any decoded packet.
const (
	maxPacket  = 1500
	maxDecoded = 5760
)

// minSNR is what the synthetic voice must keep at 64 kbit/s, in dB. Codecs for
// speech keep the spectrum rather than the wave; noise in its place gives less
// than 0.
const minSNR = 8

// Audio runs the suite for an audio codec.
func Audio(t *testing.T, c AudioCodec) {
	for name, test := range map[string]func(*testing.T, AudioCodec){
		"round trip": audioRoundTrip,
		"bitrate":    audioBitrate,
		"recovery":   audioRecovery,
		"refused":    audioRefused,
		"damaged":    audioDamaged,
		"close":      audioClose,
		"aliases":    audioAliases,
	} {
		// In parallel, since codecs of different owners run at the same time.
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
	t.Run("allocations", func(t *testing.T) { audioAllocs(t, c) })
}

func (c AudioCodec) encoder(t *testing.T, bitrate int) codec.AudioEncoder {
	t.Helper()
	enc, err := c.NewEncoder(bitrate)
	if err != nil {
		t.Fatalf("new encoder: %v", err)
	}
	t.Cleanup(func() { enc.Close() })
	return enc
}

func (c AudioCodec) decoder(t *testing.T) codec.AudioDecoder {
	t.Helper()
	dec, err := c.NewDecoder()
	if err != nil {
		t.Fatalf("new decoder: %v", err)
	}
	t.Cleanup(func() { dec.Close() })
	return dec
}

// encodeAll returns a packet for each block of sound.
func encodeAll(t *testing.T, enc codec.AudioEncoder, sound []float32) [][]byte {
	t.Helper()
	var packets [][]byte
	dst := make([]byte, maxPacket)
	for block := range slices.Chunk(sound, pcm.Samples) {
		n, err := enc.Encode(dst, block)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		packets = append(packets, bytes.Clone(dst[:n]))
	}
	return packets
}

// wantBlock decodes a packet of 20 ms.
func wantBlock(t *testing.T, dec codec.AudioDecoder, packet []byte) []float32 {
	t.Helper()
	dst := make([]float32, maxDecoded)
	n, err := dec.Decode(dst, packet)
	if err != nil || n != pcm.Samples {
		t.Fatalf("decode: %d samples, error %v", n, err)
	}
	return dst[:n]
}

func decodeAll(t *testing.T, dec codec.AudioDecoder, packets [][]byte) []float32 {
	t.Helper()
	var sound []float32
	for _, p := range packets {
		sound = append(sound, wantBlock(t, dec, p)...)
	}
	return sound
}

func audioRoundTrip(t *testing.T, c AudioCodec) {
	sound := Voice(100)
	got := decodeAll(t, c.decoder(t), encodeAll(t, c.encoder(t, 64_000), sound))
	if snr := SNR(sound, got); snr < minSNR {
		t.Errorf("signal-to-noise ratio is %.1f dB, want %d", snr, minSNR)
	}
	if ratio := Power(got) / Power(sound); ratio < 0.8 || ratio > 1.25 {
		t.Errorf("power changed by a factor of %.2f", ratio)
	}
}

func audioBitrate(t *testing.T, c AudioCodec) {
	enc := c.encoder(t, 64_000)
	for _, bps := range []int{24_000, 64_000, 32_000} {
		if err := enc.(bitrateSetter).SetBitrate(bps); err != nil {
			t.Fatalf("set bitrate %d: %v", bps, err)
		}
		bits := 0
		for _, p := range encodeAll(t, enc, Voice(150)) {
			bits += 8 * len(p)
		}
		if got := bits / 3; got < bps*7/10 || got > bps*13/10 {
			t.Errorf("%d bits/s, want %d", got, bps)
		}
	}
	for _, bps := range []int{-1, 0, 10_000_000} {
		if err := enc.(bitrateSetter).SetBitrate(bps); err == nil {
			t.Errorf("bitrate %d was accepted", bps)
		}
	}
	encodeAll(t, enc, Voice(1))
}

// audioAliases scribbles over whatever has been through a codec and compares
// with one whose memory is left alone.
func audioAliases(t *testing.T, c AudioCodec) {
	sound := Voice(50)
	packets := encodeAll(t, c.encoder(t, 32_000), sound)
	want := decodeAll(t, c.decoder(t), packets)

	enc, dec := c.encoder(t, 32_000), c.decoder(t)
	// The binding knows capacities: what is behind the length must stay.
	dst := make([]byte, maxPacket+8)
	for i, packet := range packets {
		block := slices.Clone(sound[i*pcm.Samples:][:pcm.Samples])
		n, err := enc.Encode(dst[:maxPacket], block)
		if err != nil || !bytes.Equal(dst[:n], packet) {
			t.Fatalf("packet %d differs, error %v", i, err)
		}
		if !slices.Equal(block, sound[i*pcm.Samples:][:pcm.Samples]) {
			t.Fatal("the encoder changed its input")
		}
		clear(block)
		got := wantBlock(t, dec, dst[:n])
		if !bytes.Equal(dst[:n], packet) {
			t.Fatal("the decoder changed its input")
		}
		clear(dst[:maxPacket])
		if !slices.Equal(got, want[i*pcm.Samples:][:pcm.Samples]) {
			t.Fatalf("block %d differs", i)
		}
		clear(got)
	}
	if _, err := enc.Encode(dst[:4], sound[:pcm.Samples]); err == nil && !bytes.Equal(dst[4:], make([]byte, len(dst)-4)) {
		t.Error("the encoder wrote behind the end")
	}
}

func audioAllocs(t *testing.T, c AudioCodec) {
	enc, dec := c.encoder(t, 32_000), c.decoder(t)
	block, packet, dst := Voice(1), make([]byte, maxPacket), make([]float32, maxDecoded)
	var failed error
	note := func(err error) {
		if err != nil {
			failed = err
		}
	}
	if got := testing.AllocsPerRun(100, func() {
		n, err := enc.Encode(packet, block)
		note(err)
		_, err = dec.Decode(dst, packet[:n])
		note(err)
		note(dec.Recover(dst[:pcm.Samples], packet[:n]))
		note(dec.Recover(dst[:pcm.Samples], nil))
	}); got != 0 {
		t.Errorf("a block allocates %.0f times", got)
	}
	if failed != nil {
		t.Error(failed)
	}
}
