package jitter_test

import (
	"encoding/binary"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/jitter"
)

// TestAnything pushes and pulls whatever comes to mind.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r referee
		base := jitter.Packet{Seq: rapid.Uint16().Draw(rt, "seq"), Timestamp: rapid.Uint32().Draw(rt, "ts")}
		for i := range rapid.IntRange(1, 300).Draw(rt, "steps") {
			p := base
			p.Seq += uint16(i)
			p.Timestamp += uint32(i) * block
			p.Samples = rapid.SampledFrom([]int{120, 240, 480, 960, 1920, 2880, 5760}).Draw(rt, "samples")
			p.FEC = rapid.Bool().Draw(rt, "FEC")
			p.Pause = rapid.IntRange(0, 9).Draw(rt, "pause") == 0
			switch rapid.IntRange(0, 9).Draw(rt, "trouble") {
			case 0:
				p.Seq += rapid.Uint16().Draw(rt, "seq jump")
			case 1:
				p.Timestamp += rapid.Uint32().Draw(rt, "ts jump")
			case 2:
				p.Seq -= uint16(rapid.IntRange(0, 40).Draw(rt, "back"))
			case 3:
				p.SSRC = rapid.Uint32Range(0, 2).Draw(rt, "SSRC")
			}
			r.push(p)
			r.wait(time.Duration(rapid.IntRange(0, 400).Draw(rt, "wait")) * ms / 10)
		}
		r.wait(time.Second)
		if r.fault != "" {
			rt.Fatal(r.fault)
		}
	})
}

// FuzzBuffer reads packets of 12 bytes: SSRC, flags, sequence number, timestamp,
// samples, wait in ms.
func FuzzBuffer(f *testing.F) {
	var seed []byte
	for i := range 40 {
		seed = binary.BigEndian.AppendUint16(append(seed, 1, byte(i)), 65530+uint16(i))
		seed = binary.BigEndian.AppendUint32(seed, uint32(i)*block)
		seed = append(seed, 3, 192, 0, 20)
	}
	f.Add(seed)
	f.Add(seed[:12*7+5])
	f.Fuzz(func(t *testing.T, data []byte) {
		var r referee
		data = data[:min(len(data), 12*300)]
		for ; len(data) >= 12; data = data[12:] {
			r.push(jitter.Packet{
				SSRC: uint32(data[0]), FEC: data[1]&1 != 0, Pause: data[1]&2 != 0,
				Seq:       binary.BigEndian.Uint16(data[2:]),
				Timestamp: binary.BigEndian.Uint32(data[4:]),
				Samples:   int(int16(binary.BigEndian.Uint16(data[8:]))),
				Payload:   data[:12],
			})
			r.wait(time.Duration(binary.BigEndian.Uint16(data[10:])) * ms % time.Second)
		}
		r.wait(time.Second)
		if r.fault != "" {
			t.Fatal(r.fault)
		}
	})
}

// referee plays a buffer and finds fault with it.
type referee struct {
	buf    jitter.Buffer
	now    time.Duration
	next   time.Duration // block
	held   int
	played int
	last   jitter.Packet
	epoch  uint64 // restarts when last was played
	fault  string
}

func (r *referee) push(p jitter.Packet) { r.buf.Push(p, epoch.Add(r.now)) }

func (r *referee) wait(d time.Duration) {
	for r.now += d; r.next <= r.now && r.fault == ""; r.next += 20 * ms {
		adjust := r.buf.Adjust(r.held, epoch.Add(r.next))
		if adjust == jitter.Accelerate {
			r.block()
		}
		r.block()
		if adjust == jitter.Expand {
			r.held += 700
		}
	}
}

func (r *referee) block() {
	for steps := 0; r.held < block; steps++ {
		need := block - r.held
		d := r.buf.Pull(need, epoch.Add(r.next))
		r.check(d, need)
		if steps > 1000 {
			r.fault = "a block does not fill"
		}
		if r.fault != "" {
			return
		}
		r.held += d.Samples
	}
	r.held -= block
}

func (r *referee) check(d jitter.Decision, need int) {
	s := r.buf.Stats()
	switch {
	case d.Samples < 1 || d.Samples > 5760:
		r.fault = "stretch of no possible length"
	case d.Action == jitter.Silence && d.Samples != need:
		r.fault = "silence of another length than asked for"
	case (d.Packet != nil) != (d.Action == jitter.Play || d.Action == jitter.Recover):
		r.fault = "packet and action do not fit"
	case d.Action == jitter.Conceal && d.Samples > need+119:
		r.fault = "more concealed than needed"
	}
	if d.Action != jitter.Play || r.fault != "" {
		return
	}
	r.played++
	if r.played > 1 && r.epoch == s.Restarts && int16(d.Packet.Seq-r.last.Seq) <= 0 {
		r.fault = "playout went back"
	}
	r.last, r.epoch = *d.Packet, s.Restarts
	if s.Received < uint64(r.played)+s.Dropped+s.Duplicate {
		r.fault = "more packets left the buffer than came"
	}
}

func TestEveryPacketCountsOnce(t *testing.T) {
	in := line{packets: 3000, samples: block, loss: 0.1, twice: 0.1, jitter: 60 * ms}.send(3)
	p := player{t: t}
	p.run(in, 3*ms)
	s := p.buf.Stats()
	if out := uint64(len(p.played)) + s.Late + s.Duplicate + s.Dropped; out != s.Received || s.Received != uint64(len(in)) {
		t.Errorf("%d packets came, %d played: %+v", len(in), len(p.played), s)
	}
}

func TestPayloadIsCopied(t *testing.T) {
	var b jitter.Buffer
	payload := []byte{1, 2, 3}
	b.Push(jitter.Packet{Samples: block, Payload: payload}, epoch)
	payload[0] = 9
	d := b.Pull(block, epoch.Add(20*ms))
	if d.Action != jitter.Play || d.Packet.Payload[0] != 1 {
		t.Errorf("got %+v", d)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	var b jitter.Buffer
	p := jitter.Packet{Samples: block, Payload: make([]byte, 200)}
	now := epoch
	tick := func() {
		p.Seq++
		p.Timestamp += block
		now = now.Add(20 * ms)
		if p.Seq%7 != 0 {
			b.Push(p, now)
		}
		b.Adjust(0, now)
		for need := block; need > 0; {
			need -= b.Pull(need, now).Samples
		}
	}
	for range 1000 {
		tick()
	}
	if n := testing.AllocsPerRun(10, func() {
		for range 100 {
			tick()
		}
	}); n != 0 {
		t.Errorf("%v allocations in 100 blocks", n)
	}
}

func BenchmarkBlock(b *testing.B) {
	var buf jitter.Buffer
	p := jitter.Packet{Samples: block, Payload: make([]byte, 80)}
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		p.Seq++
		p.Timestamp += block
		now = now.Add(20 * ms)
		buf.Push(p, now)
		buf.Adjust(0, now)
		buf.Pull(block, now)
	}
}
