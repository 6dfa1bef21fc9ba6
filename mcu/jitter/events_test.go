package jitter_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/jitter"
)

// clean is a line of 20 ms packets without any trouble.
func clean(packets int) []arrival { return line{packets: packets, samples: block}.send(1) }

func TestDTX(t *testing.T) {
	// Ten seconds: a second of speech, a packet that announces the pause, and
	// one packet every 400 ms in the pause of two seconds.
	var in []arrival
	seq := uint16(65500)
	for i := range 500 {
		inPause := i%150 >= 51
		if inPause && (i%150-50)%20 != 0 {
			continue
		}
		in = append(in, arrival{at: time.Duration(i) * 20 * ms, Packet: jitter.Packet{
			Seq: seq, Timestamp: uint32(i) * block, Samples: block, Pause: i%150 >= 50,
		}})
		seq++
	}
	p := player{t: t}
	p.run(in, 7*ms)
	if len(p.played) != len(in) || p.concealed+p.recovered != 4800 {
		t.Errorf("played %d of %d, made up %d samples", len(p.played), len(in), p.concealed+p.recovered)
	}
	if s := p.buf.Stats(); s.Lost != 0 {
		t.Errorf("%d packets count as lost", s.Lost)
	}
	if _, most := p.settled(500); most > 30*ms {
		t.Errorf("delay rose to %v", most)
	}
}

func TestGapWithoutAnnouncement(t *testing.T) {
	// A sender that stops in the middle of a word and goes on 2 s later, with the
	// next sequence number.
	in := clean(200)
	for i := 100; i < 200; i++ {
		in[i].at += 2 * time.Second
		in[i].Timestamp += 100 * block
	}
	p := player{t: t}
	p.run(in, 3*ms)
	if len(p.played) != 200 {
		t.Errorf("played %d of 200", len(p.played))
	}
	if p.concealed != 2*4800 {
		t.Errorf("made up %d samples, want twice 100 ms", p.concealed)
	}
	if _, most := p.settled(300); most > 30*ms {
		t.Errorf("delay rose to %v", most)
	}
}

func TestStall(t *testing.T) {
	in := clean(1500)
	for i := 500; i < 642; i++ {
		in[i].at = 642 * 20 * ms // 2.84 s, then all at once
	}
	p := player{t: t}
	p.run(in, 3*ms)
	s := p.buf.Stats()
	t.Logf("%+v, made up %d ms, %d cuts", s, p.concealed/48, p.cuts)
	if s.Dropped < 120 || s.Dropped > 142 {
		t.Errorf("dropped %d of the burst of 142", s.Dropped)
	}
	if len(p.played) != 1500-int(s.Dropped) {
		t.Errorf("played %d, dropped %d of 1500", len(p.played), s.Dropped)
	}
	// A second later all is as before.
	if at := slices.IndexFunc(p.played, func(q jitter.Packet) bool { return q.Seq == 700 }); at < 0 {
		t.Error("packet 700 is not played")
	}
	if median, most := p.settled(800); median > 25*ms || most > 400*ms {
		t.Errorf("delay %v, at most %v", median, most)
	}
	inOrder(t, p.played)
}

func TestShortStallIsWaitedOut(t *testing.T) {
	// 60 ms without packets: nothing is skipped, and the delay comes down again.
	in := clean(2000)
	for i := 500; i < 503; i++ {
		in[i].at = 503 * 20 * ms
	}
	p := player{t: t, quiet: func(now time.Duration) bool { return now/(20*ms)%10 == 0 }}
	p.run(in, 3*ms)
	if len(p.played) != 2000 || p.buf.Stats().Dropped != 0 {
		t.Errorf("played %d of 2000, %+v", len(p.played), p.buf.Stats())
	}
	if median, _ := p.settled(200); median > 30*ms {
		t.Errorf("delay is still %v", median)
	}
	if p.squeezed == 0 {
		t.Error("nothing was squeezed")
	}
}

func TestRestarts(t *testing.T) {
	for name, change := range map[string]func(*jitter.Packet){
		"SSRC":                  func(p *jitter.Packet) { p.SSRC = 2; p.Seq += 30000; p.Timestamp += 1 << 31 },
		"SSRC alone":            func(p *jitter.Packet) { p.SSRC = 2 },
		"sequence, up":          func(p *jitter.Packet) { p.Seq += 20000 },
		"sequence, down":        func(p *jitter.Packet) { p.Seq -= 20000 },
		"sequence, down a bit":  func(p *jitter.Packet) { p.Seq -= 150 },
		"timestamp, up":         func(p *jitter.Packet) { p.Timestamp += 1 << 30 },
		"timestamp, down":       func(p *jitter.Packet) { p.Timestamp -= 1 << 30 },
		"timestamp, up a bit":   func(p *jitter.Packet) { p.Timestamp += 48000 },
		"timestamp, down a bit": func(p *jitter.Packet) { p.Timestamp -= 48000 },
		"both":                  func(p *jitter.Packet) { p.Seq += 20000; p.Timestamp -= 1 << 30 },
	} {
		t.Run(name, func(t *testing.T) {
			in := clean(1500)
			for i := 500; i < 1500; i++ {
				change(&in[i].Packet)
			}
			p := player{t: t, quiet: func(now time.Duration) bool { return now/(20*ms)%10 == 0 }}
			p.run(in, 3*ms)
			if len(p.played) < 1470 {
				t.Errorf("played %d of 1500: %+v", len(p.played), p.buf.Stats())
			}
			if median, _ := p.settled(200); median > 30*ms {
				t.Errorf("delay settled at %v", median)
			}
			if !slices.ContainsFunc(p.played, func(q jitter.Packet) bool { return q.Seq == in[1499].Seq }) {
				t.Error("the last packet is not played")
			}
		})
	}
}

func TestStrayPackets(t *testing.T) {
	// Now and then a packet with a sequence number from nowhere.
	in := clean(1000)
	for i := 10; i < len(in); i += 50 {
		stray := in[i]
		stray.Seq += 12345 + uint16(i)
		stray.Timestamp += 1 << 29
		in = slices.Insert(in, i, stray)
	}
	p := player{t: t}
	p.run(in, 3*ms)
	if s := p.buf.Stats(); len(p.played) != 1000 || s.Restarts != 0 {
		t.Errorf("played %d of 1000, %+v", len(p.played), s)
	}
}

func TestReordering(t *testing.T) {
	// Every tenth packet comes 30 ms late, after the one that follows it.
	in := clean(3000)
	for i := 5; i < len(in); i += 10 {
		in[i].at += 30 * ms
	}
	slices.SortStableFunc(in, func(a, b arrival) int { return int(a.at - b.at) })
	p := player{t: t}
	p.run(in, 3*ms)
	if len(p.played) < 2998 {
		t.Errorf("played %d of 3000: %+v", len(p.played), p.buf.Stats())
	}
	inOrder(t, p.played)
}

func TestDrift(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of sound")
	}
	for _, ppm := range []float64{-200, 200} {
		for _, jitter := range []time.Duration{0, 30 * ms} {
			in := line{packets: 180_000, samples: block, drift: ppm, jitter: jitter}.send(1)
			// One block in five is quiet.
			p := player{t: t, quiet: func(now time.Duration) bool { return now/(20*ms)%5 == 0 }}
			p.run(in, 3*ms)
			s := p.buf.Stats()
			median, most := p.settled(180_000)
			t.Logf("%v ppm, %v: delay %v, at most %v, squeezed %d, stretched %d, %+v", ppm, jitter,
				median, most, p.squeezed, p.stretched, s)
			if median > jitter+35*ms || most > jitter+60*ms {
				t.Errorf("%v ppm: delay %v, at most %v", ppm, median, most)
			}
			// 0.72 s in an hour are 36 blocks.
			if n := math.Abs(float64(p.squeezed - p.stretched)); n < 25 || n > 45 {
				t.Errorf("%v ppm: squeezed %d, stretched %d", ppm, p.squeezed, p.stretched)
			}
			if made := p.concealed/block - 5; made > 60 || s.Dropped > 0 {
				t.Errorf("%v ppm: %d blocks made up, %d dropped", ppm, made, s.Dropped)
			}
		}
	}
}

func TestRouteChange(t *testing.T) {
	// The way becomes 100 ms longer, then as short as before.
	in := clean(4000)
	for i := 1000; i < 2500; i++ {
		in[i].at += 100 * ms
	}
	slices.SortStableFunc(in, func(a, b arrival) int { return int(a.at - b.at) })
	p := player{t: t, quiet: func(now time.Duration) bool { return now/(20*ms)%10 == 0 }}
	p.run(in, 3*ms)
	s := p.buf.Stats()
	median, _ := p.settled(500)
	t.Logf("made up %d ms, squeezed %d, stretched %d, %+v", p.concealed/48, p.squeezed, p.stretched, s)
	// What is played again is no whole block, so packets may begin within blocks.
	if median > 45*ms {
		t.Errorf("delay settled at %v", median)
	}
	if p.concealed > 300*48 || s.Dropped+s.Late > 0 {
		t.Errorf("made up %d ms, %+v", p.concealed/48, s)
	}
}
