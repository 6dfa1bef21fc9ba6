package send

import (
	"testing"
	"time"

	"tilemix/mcu/packet"
)

// probing is a path of 300 kbit/s with pictures that left, and their client's wish for 1 Mbit/s.
type probing struct {
	*Downlink
	*wire
	now time.Time
}

func newProbing(t *testing.T) *probing {
	t.Helper()
	d, w := sending(t, true)
	p := &probing{d, w, d.path.epoch.Add(time.Minute)}
	d.path.rate.Store(300_000)
	d.path.twcc.Store(true)
	for n := range uint32(10) {
		unit := packet.Packets{At: p.now, Timestamp: n * 3000, Key: n == 0, Payloads: [][]byte{make([]byte, 900)}}
		if !d.Write(unit, p.now) {
			t.Fatal("the path took no picture")
		}
	}
	p.run(time.Second) // all of it leaves
	if n := d.path.counters.Probes.Load(); n > 0 {
		t.Fatalf("%d probes that nobody asked for", n)
	}
	w.headers = nil
	return p
}

// run lets time pass, and returns how many probes were sent in it.
func (p *probing) run(length time.Duration) (probes int) {
	before := p.path.counters.Probes.Load()
	for end := p.now.Add(length); p.now.Before(end); p.now = p.now.Add(pacerInterval) {
		p.path.pacer.Tick(func() time.Time { return p.now })
	}
	return int(p.path.counters.Probes.Load() - before)
}

// TestProbe sends old packets in their stream of retransmissions, for 0.1 s, at 2.25 times the
// estimate. The pauses double while the estimate stays.
func TestProbe(t *testing.T) {
	p := newProbing(t)
	p.Probe(1_000_000, p.now)
	probes := p.run(200 * time.Millisecond)
	if bits := probes * (900 + overhead) * 8; bits < 60_000 || bits > 90_000 {
		t.Errorf("%d bits in a probe of 0.1 s", bits)
	}
	for _, h := range p.headers {
		if h.SSRC != 1007 || h.PayloadType != 127 {
			t.Fatalf("a probe is %+v", h)
		}
	}
	begun := []time.Duration{}
	for start := p.now; p.now.Sub(start) < 6*time.Second; {
		p.Probe(1_000_000, p.now)
		if p.run(20*time.Millisecond) > 0 && (len(begun) == 0 || p.now.Sub(start)-begun[len(begun)-1] > 300*time.Millisecond) {
			begun = append(begun, p.now.Sub(start))
		}
	}
	if len(begun) < 3 || len(begun) > 4 || begun[2]-begun[1] < maxProbeInterval {
		t.Errorf("probes after %v, though the path carries no more", begun)
	}
	p.path.rate.Store(600_000) // it carries more now
	p.run(time.Second)
	p.Probe(2_000_000, p.now)
	if p.run(probeInterval+probeTime) == 0 {
		t.Error("no probe soon after one that was carried")
	}
}

// TestNoProbe is sent where it could show nothing, or do harm.
func TestNoProbe(t *testing.T) {
	ask := func(p *probing) { p.Probe(1_000_000, p.now) }
	bind := func(p *probing, change func(*Binding)) {
		b := *p.Binding()
		change(&b)
		p.Bind(b)
	}
	for name, change := range map[string]func(*probing){
		"where no limit has shown":       func(p *probing) { p.path.rate.Store(0); ask(p) },
		"where the estimate is enough":   func(p *probing) { p.path.rate.Store(1_000_000); ask(p) },
		"for a wish under the estimate":  func(p *probing) { p.Probe(200_000, p.now) },
		"without reports of arrival":     func(p *probing) { p.path.twcc.Store(false); ask(p) },
		"while a queue has built up":     func(p *probing) { p.path.queue.Store(int64(probeQueue + 1)); ask(p) },
		"after the stream has ended":     func(p *probing) { p.Unbind(p.now); ask(p) },
		"when nothing can be sent again": func(p *probing) { p.sender.rtx.history.clear(); ask(p) },
		"once the wish is out of date":   func(p *probing) { ask(p); p.now = p.now.Add(probeWish + 1) },
		"without transport-wide numbers": func(p *probing) { bind(p, func(b *Binding) { b.TWCCID = 0 }); ask(p) },
		"without a stream of repeats":    func(p *probing) { bind(p, func(b *Binding) { b.RTXSSRC = 0 }); ask(p) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbing(t)
			change(p)
			if n := p.run(time.Second); n > 0 {
				t.Errorf("%d probes", n)
			}
		})
	}
}
