package ingest_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/poll"
)

const ms = time.Millisecond

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// sent is a packet on its way.
type sent struct {
	rtp.Packet
	at    time.Duration
	level uint8
}

// speak encodes sound, block by block, for a line of the given loss.
func speak(t *testing.T, blocks, loss int, sound func(i int) float32) []sent {
	t.Helper()
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	if err := enc.SetPacketLoss(loss); err != nil {
		t.Fatal(err)
	}
	var out []sent
	var b pcm.Block
	for i := range blocks {
		for j := range b {
			b[j] = sound(i*pcm.Samples + j)
		}
		buf := make([]byte, 1275)
		n, err := enc.Encode(buf, b[:])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sent{at: time.Duration(i) * pcm.Duration, level: pcm.Level(b[:]), Packet: rtp.Packet{
			Header: rtp.Header{
				SSRC: 7, SequenceNumber: uint16(65500 + i), Timestamp: uint32(1<<32 - 9600 + i*pcm.Samples),
			},
			Payload: buf[:n],
		}})
	}
	return out
}

// tone is a sine of 0.3 and f Hz.
func tone(f float64) func(i int) float32 {
	return func(i int) float32 {
		return 0.3 * float32(math.Sin(2*math.Pi*f*float64(i)/pcm.Rate))
	}
}

// vowel is a voice of 130 Hz that swells four times a second: unlike a tone it makes
// Opus send FEC data. It repeats every second.
func vowel() func(i int) float32 {
	second := make([]float32, pcm.Rate)
	for i := range second {
		at := float64(i) / pcm.Rate
		phase := 2*math.Pi*130*at + 3*math.Sin(2*math.Pi*3*at)
		sum := 0.0
		for k := 1.0; k < 25; k++ {
			sum += math.Sin(k*phase) * (formant(130*k, 600) + 0.5*formant(130*k, 1200) + 0.3*formant(130*k, 2500))
		}
		second[i] = float32(0.1 * sum * (0.6 + 0.4*math.Sin(2*math.Pi*4*at)))
	}
	return func(i int) float32 { return second[i%len(second)] }
}

func formant(f, at float64) float64 { return 0.01 + 1/(1+(f-at)*(f-at)/(150*150)) }

// impair delays packets by up to jitter and loses some.
func impair(in []sent, jitter time.Duration, loss float64) []sent {
	r := rand.New(rand.NewPCG(1, 2))
	var out []sent
	for _, p := range in {
		p.at += time.Duration(r.Float64() * float64(jitter))
		if r.Float64() >= loss {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b sent) int { return int(a.at - b.at) })
	return out
}

func newVoice(t *testing.T) *ingest.Voice {
	t.Helper()
	dec, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	v := ingest.NewVoice(dec)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// listen plays in and returns the sound for as long as there is any to come, and
// which blocks had sound.
func listen(v *ingest.Voice, in []sent) (sound []float32, ok []bool) {
	end := in[len(in)-1].at
	for now := 3 * ms; now < end; now += pcm.Duration {
		for len(in) > 0 && in[0].at <= now {
			v.Push(ingest.VoicePacket{Packet: &in[0].Packet, Level: in[0].level, HasLevel: false}, epoch.Add(in[0].at))
			in = in[1:]
		}
		var b pcm.Block
		_, o := v.Pull(&b, epoch.Add(now))
		sound = append(sound, b[:]...)
		ok = append(ok, o)
	}
	return sound, ok
}

// hum is the amplitude of frequency f in sound.
func hum(sound []float32, f float64) float64 {
	var sum complex128
	turn, at := cmplx.Rect(1, 2*math.Pi*f/pcm.Rate), complex(1, 0)
	for _, s := range sound {
		sum += complex(float64(s), 0) * at
		at *= turn
	}
	return 2 * cmplx.Abs(sum) / float64(len(sound))
}

// click is the largest sample that is left when a tone of f Hz, of whatever phase and
// amplitude, is taken out, and where it is.
func click(sound []float32, f float64) (worst float64, at int) {
	k := 2 * math.Cos(2*math.Pi*f/pcm.Rate)
	for i := 2; i < len(sound); i++ {
		e := math.Abs(float64(sound[i]) - k*float64(sound[i-1]) + float64(sound[i-2]))
		if e > worst {
			worst, at = e, i
		}
	}
	return worst, at
}

// holes counts stretches of 5 ms whose amplitude of f is under half of what was sent.
func holes(sound []float32, f float64) (n int) {
	for w := range slices.Chunk(sound, 240) {
		if hum(w, f) < 0.15 {
			n++
		}
	}
	return n
}

func TestToneThroughJitter(t *testing.T) {
	poll.Alone(t)
	const f = 400 // two periods in 5 ms
	for _, jitter := range []time.Duration{0, 10 * ms, 50 * ms, 120 * ms} {
		in := impair(speak(t, 500, 0, tone(f)), jitter, 0)
		v := newVoice(t)
		sound, _ := listen(v, in)
		sound = sound[100*pcm.Samples:]
		worst, at := click(sound, f)
		t.Logf("%v: holes %d, click %.4f at %.3f s, %+v", jitter, holes(sound, f), worst, float64(at)/pcm.Rate, v.Stats())
		if n := holes(sound, f); n > 0 {
			t.Errorf("%v: %d holes", jitter, n)
		}
		if worst > 0.005 {
			t.Errorf("%v: click of %.3f", jitter, worst)
		}
	}
}

func TestVoiceThroughLoss(t *testing.T) {
	poll.Alone(t)
	voice := speak(t, 600, 20, vowel())
	clean, _ := listen(newVoice(t), voice)
	for name, c := range map[string]struct {
		jitter    time.Duration
		loss      float64
		recovered float64 // share of the losses, at least
	}{
		"5 %":         {0, 0.05, 0.4},
		"20 %":        {0, 0.2, 0.4},
		"20 %, 50 ms": {50 * ms, 0.2, 0.4},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVoice(t)
			sound, ok := listen(v, impair(voice, c.jitter, c.loss))
			s := v.Stats()
			part := len(sound) / 6
			loss := 10 * math.Log10(power(sound[part:])/power(clean[part:]))
			t.Logf("power %.2f dB, %+v", loss, s)
			if math.Abs(loss) > 1.5 {
				t.Errorf("power differs by %.2f dB", loss)
			}
			if share := float64(s.Recovered) / float64(s.Lost); share < c.recovered {
				t.Errorf("recovered %.2f of the losses", share)
			}
			if slices.Contains(ok[10:], false) {
				t.Error("a block without sound")
			}
			// The softest 20 ms of the vowel are 10 dB under its mean.
			mean := power(sound[part:])
			for b := range slices.Chunk(sound[part:], pcm.Samples) {
				if power(b) < mean/400 {
					t.Errorf("a hole of %.1f dB", 10*math.Log10(power(b)/mean))
				}
			}
		})
	}
}

func power(sound []float32) (p float64) {
	for _, s := range sound {
		p += float64(s) * float64(s)
	}
	return p / float64(len(sound))
}

func TestSqueeze(t *testing.T) {
	poll.Alone(t)
	for _, f := range []float64{120, 200, 400, 425, 437, 1010} {
		in := speak(t, 1000, 0, tone(f))
		for i := 200; i < 208; i++ {
			in[i].at = in[208].at
		}
		v := newVoice(t)
		sound, _ := listen(v, in)
		sound = sound[215*pcm.Samples:]
		worst, at := click(sound, f)
		weakest := 1.0
		periods := int(math.Ceil(f/200) * pcm.Rate / f)
		for w := range slices.Chunk(sound[:len(sound)/periods*periods], periods) {
			weakest = min(weakest, hum(w, f))
		}
		s := v.Stats()
		t.Logf("%v Hz: click %.4f at %.3f s, weakest %.3f, delay %v", f, worst, float64(at)/pcm.Rate, weakest, s.Delay)
		// What is left out is no whole block, so packets may begin within blocks.
		if s.Delay > 45*ms {
			t.Errorf("%v Hz: delay is still %v", f, s.Delay)
		}
		if worst > 0.005 {
			t.Errorf("%v Hz: click of %.3f", f, worst)
		}
		if weakest < 0.2 {
			t.Errorf("%v Hz: down to %.3f", f, weakest)
		}
	}
}

// TestStretch has packets late from some time on: the delay that they need is there soon,
// though the tone has no pause, and it comes without clicks.
func TestStretch(t *testing.T) {
	poll.Alone(t)
	for _, f := range []float64{120, 200, 400, 437, 1010} {
		in := speak(t, 600, 0, tone(f))
		for i := 200; i < len(in); i += 5 {
			in[i].at += 100 * ms
		}
		slices.SortStableFunc(in, func(a, b sent) int { return int(a.at - b.at) })
		v := newVoice(t)
		sound, _ := listen(v, in)
		worst, at := click(sound[300*pcm.Samples:], f)
		s := v.Stats()
		t.Logf("%v Hz: click %.4f at %.3f s, %+v", f, worst, 6+float64(at)/pcm.Rate, s)
		if s.Delay < 80*ms || s.Delay > 150*ms {
			t.Errorf("%v Hz: the delay is %v", f, s.Delay)
		}
		if s.Concealed > 20 {
			t.Errorf("%v Hz: %d blocks were made up", f, s.Concealed)
		}
		if worst > 0.005 {
			t.Errorf("%v Hz: click of %.3f", f, worst)
		}
	}
}

// TestSkipIsJoined lets the line fall behind, packet by packet, and catch up at
// once: what is skipped must not be heard as a click.
func TestSkipIsJoined(t *testing.T) {
	const f = 437
	in := speak(t, 500, 0, tone(f))
	for i := 200; i < 280; i++ {
		in[i].at = min(in[i].at+time.Duration(i-200)*20*ms, in[280].at)
	}
	slices.SortStableFunc(in, func(a, b sent) int { return int(a.at - b.at) })
	v := newVoice(t)
	sound, _ := listen(v, in)
	worst, at := click(sound[10*pcm.Samples:], f)
	s := v.Stats()
	t.Logf("click %.4f at %.3f s, %+v", worst, float64(at)/pcm.Rate, s)
	if s.Dropped == 0 {
		t.Error("nothing was skipped")
	}
	if worst > 0.02 {
		t.Errorf("click of %.3f", worst)
	}
}

// TestSoundEndsSoftly stops a tone in mid-swing, by an announced pause and by
// sending nothing more.
func TestSoundEndsSoftly(t *testing.T) {
	const f = 437
	for _, announced := range []bool{true, false} {
		in := speak(t, 100, 0, tone(f))
		last := in[99]
		in = in[:50]
		if announced {
			pause := in[49]
			pause.SequenceNumber++
			pause.Timestamp += pcm.Samples
			pause.Payload = pause.Payload[:1]
			pause.at += pcm.Duration
			in = append(in, pause)
		}
		last.SequenceNumber = in[len(in)-1].SequenceNumber + 1
		sound, ok := listen(newVoice(t), append(in, last))
		worst, at := click(sound[10*pcm.Samples:], f)
		t.Logf("announced %v: click %.4f at %.3f s", announced, worst, float64(at)/pcm.Rate+0.2)
		if worst > 0.003 {
			t.Errorf("announced %v: click of %.3f", announced, worst)
		}
		if ok[70] {
			t.Errorf("announced %v: there is still sound", announced)
		}
	}
}
