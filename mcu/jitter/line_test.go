package jitter_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/jitter"
)

const (
	block = 960
	ms    = time.Millisecond
)

// arrival is a packet and when it comes.
type arrival struct {
	jitter.Packet
	at time.Duration
}

// line is a sender and a network.
type line struct {
	packets int
	samples int // a packet
	seq     uint16
	ts      uint32
	jitter  time.Duration // uniform
	loss    float64       // share
	twice   float64       // share that comes again
	drift   float64       // of the sender's clock, ppm
	fec     bool
}

// send returns the packets in order of arrival.
func (l line) send(seed uint64) []arrival {
	r := rand.New(rand.NewPCG(seed, 1))
	var out []arrival
	for i := range l.packets {
		sent := time.Duration(float64(i*l.samples) / 48 * (1 - l.drift*1e-6) * float64(ms))
		a := arrival{at: sent + time.Duration(r.Float64()*float64(l.jitter)), Packet: jitter.Packet{
			SSRC: 1, Seq: l.seq + uint16(i), Timestamp: l.ts + uint32(i*l.samples),
			Samples: l.samples, FEC: l.fec, Payload: []byte{byte(i), byte(i >> 8), 0, 0},
		}}
		if r.Float64() >= l.loss {
			out = append(out, a)
			if r.Float64() < l.twice {
				a.at += 3 * ms
				out = append(out, a)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return int(a.at - b.at) })
	return out
}

// player pulls as an audio clock does and writes down what it gets.
type player struct {
	t      *testing.T
	buf    jitter.Buffer
	now    time.Duration
	held   int
	quiet  func(now time.Duration) bool // nil: never
	played []jitter.Packet
	blocks int
	delays []time.Duration // of blocks with sound

	silent, concealed, recovered int // samples
	squeezed, stretched, cuts    int
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// run plays until the last packet has come and a second longer. The clock's
// phase against the packets is phase.
func (p *player) run(in []arrival, phase time.Duration) {
	end := in[len(in)-1].at + time.Second
	if p.blocks == 0 {
		p.now = phase
	}
	for ; p.now < end; p.now += 20 * ms {
		for len(in) > 0 && in[0].at <= p.now {
			p.buf.Push(in[0].Packet, epoch.Add(in[0].at))
			in = in[1:]
		}
		p.tick()
	}
}

func (p *player) tick() {
	now := epoch.Add(p.now)
	quiet := p.quiet != nil && p.quiet(p.now)
	adjust := p.buf.Adjust(p.held, now)
	p.blocks++
	if adjust == jitter.ExpandQuiet && quiet {
		p.stretched++
		return
	}
	made := p.concealed + p.recovered
	p.fill(now)
	if d := p.buf.Delay(p.held, now); d != 0 && made == p.concealed+p.recovered {
		p.delays = append(p.delays, d+20*ms) // a block has just been taken
	}
	if adjust == jitter.Expand {
		p.stretched++
		p.held += 700
	}
	if adjust == jitter.Accelerate || adjust == jitter.AccelerateQuiet && quiet {
		p.squeezed++
		p.fill(now)
	}
}

func (p *player) fill(now time.Time) {
	for p.held < block {
		d := p.buf.Pull(block-p.held, now)
		if d.Samples <= 0 || d.Samples > 5760 {
			p.t.Fatalf("%v: stretch of %d samples", p.now, d.Samples)
		}
		switch d.Action {
		case jitter.Silence:
			if d.Samples != block-p.held {
				p.t.Fatalf("%v: silence of %d samples for %d", p.now, d.Samples, block-p.held)
			}
			p.silent += d.Samples
		case jitter.Play:
			if d.Discontinuity {
				p.cuts++
			}
			p.played = append(p.played, *d.Packet)
		case jitter.Recover:
			p.recovered += d.Samples
		case jitter.Conceal:
			p.concealed += d.Samples
		}
		if a := d.Action; (a == jitter.Recover || a == jitter.Conceal) && d.Samples%120 != 0 {
			p.t.Fatalf("%v: Opus cannot conceal %d samples", p.now, d.Samples)
		}
		p.held += d.Samples
	}
	p.held -= block
}

// settled returns the median and the largest delay of the last blocks.
func (p *player) settled(blocks int) (median, most time.Duration) {
	last := slices.Clone(p.delays[max(len(p.delays)-blocks, 0):])
	slices.Sort(last)
	return last[len(last)/2], last[len(last)-1]
}

// inOrder checks that no packet is played twice or after one that follows it.
func inOrder(t *testing.T, played []jitter.Packet) {
	t.Helper()
	for i := 1; i < len(played); i++ {
		if d := int16(played[i].Seq - played[i-1].Seq); d <= 0 {
			t.Fatalf("packet %d is played after %d", played[i].Seq, played[i-1].Seq)
		}
	}
}
