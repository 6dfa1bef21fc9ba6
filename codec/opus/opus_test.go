package opus_test

import (
	"bytes"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

func TestConformance(t *testing.T) {
	codectest.Audio(t, codectest.AudioCodec{
		NewEncoder: func(bitrate int) (codec.AudioEncoder, error) { return opus.NewEncoder(bitrate) },
		NewDecoder: func() (codec.AudioDecoder, error) { return opus.NewDecoder() },
	})
}

func newEncoder(t testing.TB, bitrate int) *opus.Encoder {
	t.Helper()
	e, err := opus.NewEncoder(bitrate)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newDecoder(t testing.TB) *opus.Decoder {
	t.Helper()
	d, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// encode returns a packet of sound's first block.
func encode(t testing.TB, e *opus.Encoder, sound []float32) []byte {
	t.Helper()
	dst := make([]byte, 1275)
	n, err := e.Encode(dst, sound[:pcm.Samples])
	if err != nil {
		t.Fatal(err)
	}
	return dst[:n]
}

func TestCopyState(t *testing.T) {
	shared, own := newEncoder(t, 32_000), newEncoder(t, 24_000)
	sound := codectest.Voice(200)
	for i := range 100 {
		encode(t, shared, sound[i*pcm.Samples:])
		encode(t, own, sound[(199-i)*pcm.Samples:])
	}
	if bytes.Equal(encode(t, shared, sound), encode(t, own, sound)) {
		t.Fatal("the encoders do not differ before the copy")
	}
	own.CopyState(shared)
	for i := 100; i < 200; i++ {
		a, b := encode(t, shared, sound[i*pcm.Samples:]), encode(t, own, sound[i*pcm.Samples:])
		if !bytes.Equal(a, b) {
			t.Fatalf("packet %d after the copy differs", i-100)
		}
	}
	// From here on they are two again.
	encode(t, shared, sound)
	if bytes.Equal(encode(t, shared, sound[pcm.Samples:]), encode(t, own, sound[50*pcm.Samples:])) {
		t.Error("the encoders share memory after the copy")
	}
}

func TestCopyStateWithoutSeam(t *testing.T) {
	sound := codectest.Voice(100)
	e, dec := newEncoder(t, 64_000), newDecoder(t)
	var got []float32
	dst := make([]float32, 5760)
	for i := range 100 {
		if i%10 == 5 {
			next := newEncoder(t, 64_000)
			next.CopyState(e)
			e.Close()
			e = next
		}
		n, err := dec.Decode(dst, encode(t, e, sound[i*pcm.Samples:]))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, dst[:n]...)
	}
	if snr := codectest.SNR(sound, got); snr < 9 {
		t.Errorf("signal-to-noise ratio over ten changes of encoder is %.1f dB", snr)
	}
}

func TestCopyStateAllocs(t *testing.T) {
	a, b := newEncoder(t, 32_000), newEncoder(t, 32_000)
	if n := testing.AllocsPerRun(10, func() { b.CopyState(a) }); n != 0 {
		t.Errorf("CopyState allocates %.0f times", n)
	}
}

func TestCopyStateOfClosed(t *testing.T) {
	a, b := newEncoder(t, 32_000), newEncoder(t, 32_000)
	b.Close()
	a.CopyState(b)
	b.CopyState(a)
	encode(t, a, codectest.Voice(1))
}
