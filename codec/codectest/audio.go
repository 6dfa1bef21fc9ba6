package codectest

import (
	"bytes"
	"errors"
	"math/rand/v2"
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
