package ingest_test

import (
	"errors"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
)

// counting is a decoder whose packets are a TOC byte and a count; it puts out
// rising numbers for as long as the packet says that it is.
type counting struct {
	n             int
	decoded, made int
	fail          error
	nan, mute     bool // what it decodes is no number, or silence
	samples       int
	closed        bool
}

func (c *counting) Decode(dst []float32, _ []byte) (int, error) {
	c.decoded++
	if c.fail != nil {
		return 0, c.fail
	}
	for i := range dst[:c.samples] {
		c.n++
		dst[i] = float32(c.n) / (1 << 20)
		if c.nan {
			dst[i] = float32(math.NaN())
		}
		if c.mute {
			dst[i] = 0
		}
	}
	return c.samples, nil
}

func (c *counting) Recover(dst []float32, _ []byte) error {
	c.made++
	clear(dst)
	return nil
}

func (c *counting) Close() error {
	c.closed = true
	return nil
}

func packet(i, samples int, payload ...byte) *rtp.Packet {
	return &rtp.Packet{
		Header:  rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i * samples)},
		Payload: payload,
	}
}

func TestPacketsOfEveryDuration(t *testing.T) {
	for name, c := range map[string]struct {
		samples int
		payload []byte
	}{
		"2.5 ms":              {120, []byte{16 << 3, 0, 0}},
		"5 ms":                {240, []byte{17 << 3, 0, 0}},
		"10 ms":               {480, []byte{12 << 3, 0, 0}},
		"10 ms, SILK":         {480, []byte{0, 0, 0}},
		"20 ms":               {960, []byte{19 << 3, 0, 0}},
		"20 ms, two of 10":    {960, []byte{14<<3 | 1, 0, 0}},
		"30 ms, three of 10":  {1440, []byte{14<<3 | 3, 3, 0}},
		"40 ms":               {1920, []byte{2 << 3, 0, 0}},
		"60 ms":               {2880, []byte{3 << 3, 0, 0}},
		"100 ms, five of 20":  {4800, []byte{1<<3 | 3, 5, 0}},
		"120 ms, two of 60":   {5760, []byte{3<<3 | 2, 0, 0}},
		"120 ms, many of 2.5": {5760, []byte{16<<3 | 3, 48, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			dec := &counting{samples: c.samples}
			v := ingest.NewVoice(dec)
			next, heard := 0, 0
			var b pcm.Block
			for tick := range 300 {
				now := epoch.Add(time.Duration(tick) * pcm.Duration)
				for ; next*c.samples <= tick*pcm.Samples; next++ {
					v.Push(ingest.VoicePacket{Packet: packet(next, c.samples, c.payload...)}, now)
				}
				if _, ok := v.Pull(&b, now.Add(5*ms)); !ok {
					continue
				}
				for i, s := range b {
					heard++
					// The first 2.5 ms are faded in.
					if want := float32(heard) / (1 << 20); s != want && heard > 120 {
						t.Fatalf("block %d, sample %d is %v, want %v", tick, i, s*(1<<20), heard)
					}
				}
			}
			if heard < 290*pcm.Samples {
				t.Errorf("heard %d samples", heard)
			}
		})
	}
}

func TestSilenceIsFree(t *testing.T) {
	speech, pause := []byte{19 << 3, 1, 2, 3}, []byte{19 << 3}
	for name, c := range map[string]struct {
		payload func(tick int) []byte // nil: nothing is sent
		level   uint8
		has     bool
		decoded int // at most
	}{
		"never started": {func(int) []byte { return nil }, 0, false, 0},
		"DTX": {func(tick int) []byte {
			if tick < 50 {
				return speech
			} else if tick%20 == 10 {
				return pause
			}
			return nil
		}, 0, false, 50 + 8},
		"digital silence": {func(int) []byte { return speech }, 127, true, 6 + 200/50},
		"gone": {func(tick int) []byte {
			if tick < 50 {
				return speech
			}
			return nil
		}, 0, false, 50},
	} {
		t.Run(name, func(t *testing.T) {
			dec := &counting{samples: pcm.Samples, mute: name == "digital silence"}
			v := ingest.NewVoice(dec)
			var b pcm.Block
			quiet := 0
			for tick := range 200 {
				now := epoch.Add(time.Duration(tick) * pcm.Duration)
				if p := c.payload(tick); p != nil {
					v.Push(ingest.VoicePacket{Packet: packet(tick, pcm.Samples, p...), Level: c.level, HasLevel: c.has}, now)
				}
				b[0] = 1
				if level, ok := v.Pull(&b, now.Add(5*ms)); !ok {
					quiet++
					if level != pcm.Silence || b != (pcm.Block{}) {
						t.Fatal("there is sound in silence")
					}
				}
			}
			if dec.decoded > c.decoded || dec.made > 12 {
				t.Errorf("decoded %d packets, made up %d", dec.decoded, dec.made)
			}
			if quiet < 130 {
				t.Errorf("only %d of 200 blocks are silent", quiet)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	in := speak(t, 50, 0, tone(400)) // 0.3 is 13.5 dB under full scale
	for name, c := range map[string]struct {
		said bool
		want uint8
	}{"said": {true, 25}, "measured": {false, 13}} {
		v := newVoice(t)
		var b pcm.Block
		for i := range in {
			now := epoch.Add(in[i].at)
			v.Push(ingest.VoicePacket{Packet: &in[i].Packet, Level: 25, HasLevel: c.said}, now)
			level, ok := v.Pull(&b, now.Add(5*ms))
			if i > 5 && (!ok || level+1 < c.want || level > c.want+1) {
				t.Errorf("%s: level %d, %v at block %d, want %d", name, level, ok, i, c.want)
			}
		}
	}
}

func TestCorruptPackets(t *testing.T) {
	in := speak(t, 100, 0, tone(400))
	for i := range in {
		switch i % 30 {
		case 9:
			in[i].Payload = []byte{19<<3 | 3, 0, 1, 2} // no frames
		case 19:
			in[i].Payload = []byte{19<<3 | 2, 200, 1, 2} // frame longer than the packet
		case 29:
			in[i].Payload = make([]byte, 2000)
		}
	}
	v := newVoice(t)
	sound, ok := listen(v, in)
	s := v.Stats()
	if s.Corrupt != 9 || s.Concealed < 5 || s.Delay > 40*ms {
		t.Errorf("%+v", s)
	}
	for i, o := range ok[5:] {
		if !o {
			t.Errorf("block %d is silent", i+5)
		}
	}
	if n := hum(sound[50*pcm.Samples:], 400); n < 0.2 {
		t.Errorf("hum of %v", n)
	}
}

func TestDecoderWithoutSense(t *testing.T) {
	dec := &counting{samples: pcm.Samples, nan: true}
	v := ingest.NewVoice(dec)
	var b pcm.Block
	for tick := range 100 {
		if tick == 50 {
			dec.fail = errors.New("no")
		}
		now := epoch.Add(time.Duration(tick) * pcm.Duration)
		v.Push(ingest.VoicePacket{Packet: packet(tick, pcm.Samples, 19<<3, 0, 0)}, now)
		v.Pull(&b, now.Add(5*ms))
		if b != (pcm.Block{}) {
			t.Fatal("NaN came through")
		}
	}
	if v.Stats().Corrupt < 45 {
		t.Errorf("%+v", v.Stats())
	}
	if err := v.Close(); err != nil || !dec.closed {
		t.Error("the decoder is open")
	}
}

func TestRingOverflow(t *testing.T) {
	v := ingest.NewVoice(&counting{samples: pcm.Samples})
	for i := range 1000 {
		v.Push(ingest.VoicePacket{Packet: packet(i, pcm.Samples, 19<<3, 0, 0)}, epoch)
	}
	if s := v.Stats(); s.Received != 1000 || s.Dropped != 1000-128 {
		t.Errorf("%+v", s)
	}
}

func TestHalvesRunTogether(t *testing.T) {
	in := speak(t, 500, 0, tone(400))
	v := newVoice(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range in {
			v.Push(ingest.VoicePacket{Packet: &in[i].Packet, Level: 20, HasLevel: i%2 == 0}, epoch.Add(in[i].at))
			for s := v.Stats(); s.Dropped > 1000; {
				t.Error("counters are off")
			}
			runtime.Gosched()
		}
	})
	wg.Go(func() {
		var b pcm.Block
		for i := range 500 {
			v.Pull(&b, epoch.Add(time.Duration(i)*pcm.Duration))
			runtime.Gosched()
		}
	})
	wg.Wait()
	if s := v.Stats(); s.Received != 500 {
		t.Errorf("%+v", s)
	}
}

func TestNoAllocation(t *testing.T) {
	in := speak(t, 400, 20, vowel())
	v := newVoice(t)
	var b pcm.Block
	i := 0
	tick := func() {
		p := &in[i%len(in)]
		p.SequenceNumber = uint16(i)
		p.Timestamp = uint32(i * pcm.Samples)
		now := epoch.Add(time.Duration(i) * pcm.Duration)
		i++
		if i%9 != 0 {
			v.Push(ingest.VoicePacket{Packet: &p.Packet, Level: 30, HasLevel: true}, now)
		}
		v.Pull(&b, now.Add(5*ms))
	}
	for range 600 {
		tick()
	}
	if n := testing.AllocsPerRun(10, func() {
		for range 50 { // of which some are lost
			tick()
		}
	}); n != 0 {
		t.Errorf("%v allocations in 50 blocks", n)
	}
}

// FuzzVoice reads packets: length, wait in ms, payload.
func FuzzVoice(f *testing.F) {
	f.Add([]byte{3, 20, 19 << 3, 1, 2, 2, 20, 19 << 3, 0, 1, 20, 8})
	f.Add([]byte{4, 20, 3<<3 | 3, 2, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		dec, err := opus.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		v := ingest.NewVoice(dec)
		defer v.Close()
		var b pcm.Block
		now, tick := epoch, epoch
		for i := 0; len(data) >= 3 && i < 100; i++ {
			n, wait := int(data[0]), time.Duration(data[1]%100)*ms
			data = data[2:]
			n = min(n, len(data))
			v.Push(ingest.VoicePacket{Packet: packet(i, pcm.Samples, data[:n]...)}, now)
			data = data[n:]
			for now = now.Add(wait); tick.Before(now); tick = tick.Add(pcm.Duration) {
				v.Pull(&b, tick)
				for _, s := range b {
					if !(s >= -4 && s <= 4) {
						t.Fatalf("sample %v", s)
					}
				}
			}
		}
	})
}

func BenchmarkVoice(b *testing.B) {
	for name, dec := range map[string]func() codec.AudioDecoder{
		"without decoder": func() codec.AudioDecoder { return &counting{samples: pcm.Samples} },
	} {
		b.Run(name, func(b *testing.B) {
			v := ingest.NewVoice(dec())
			var block pcm.Block
			p := packet(0, 0, make([]byte, 80)...)
			p.Payload[0] = 19 << 3
			now := epoch
			b.ReportAllocs()
			for b.Loop() {
				p.SequenceNumber++
				p.Timestamp += pcm.Samples
				now = now.Add(pcm.Duration)
				v.Push(ingest.VoicePacket{Packet: p, Level: 30, HasLevel: true}, now)
				v.Pull(&block, now)
			}
		})
	}
	b.Run("silent", func(b *testing.B) {
		v := ingest.NewVoice(&counting{samples: pcm.Samples})
		var block pcm.Block
		b.ReportAllocs()
		for b.Loop() {
			v.Pull(&block, epoch)
		}
	})
}
