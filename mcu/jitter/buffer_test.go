package jitter_test

import (
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	type limits struct {
		median    time.Duration // of the delay in the end
		played    float64       // share of the packets that came, at least
		concealed float64       // share of the sound concealed, at most
	}
	for name, c := range map[string]struct {
		line line
		want limits
	}{
		"clean":                 {line{}, limits{25 * ms, 1, 0}},
		"clean, wrapping":       {line{seq: 65500, ts: 1<<32 - 50*960}, limits{25 * ms, 1, 0}},
		"clean, 2.5 ms":         {line{samples: 120, packets: 24000}, limits{45 * ms, 1, 0}},
		"clean, 5 ms":           {line{samples: 240}, limits{45 * ms, 1, 0}},
		"clean, 10 ms":          {line{samples: 480}, limits{35 * ms, 1, 0}},
		"clean, 40 ms":          {line{samples: 1920}, limits{25 * ms, 1, 0}},
		"clean, 60 ms":          {line{samples: 2880}, limits{25 * ms, 1, 0}},
		"clean, 120 ms":         {line{samples: 5760}, limits{25 * ms, 1, 0}},
		"10 ms of jitter":       {line{jitter: 10 * ms}, limits{35 * ms, 0.999, 0.001}},
		"50 ms of jitter":       {line{jitter: 50 * ms}, limits{75 * ms, 0.99, 0.01}},
		"120 ms of jitter":      {line{jitter: 120 * ms}, limits{145 * ms, 0.99, 0.02}},
		"twice":                 {line{twice: 0.5}, limits{25 * ms, 1, 0}},
		"5 % lost":              {line{loss: 0.05}, limits{25 * ms, 1, 0.06}},
		"20 % lost":             {line{loss: 0.2}, limits{25 * ms, 1, 0.25}},
		"20 % lost, 50 ms":      {line{loss: 0.2, jitter: 50 * ms}, limits{75 * ms, 0.99, 0.25}},
		"5 % lost, 60 ms long":  {line{loss: 0.05, samples: 2880}, limits{45 * ms, 1, 0.06}},
		"5 % lost, FEC":         {line{loss: 0.05, fec: true}, limits{45 * ms, 1, 0.02}},
		"20 % lost, FEC":        {line{loss: 0.2, fec: true}, limits{45 * ms, 1, 0.06}},
		"20 % lost, FEC, 50 ms": {line{loss: 0.2, fec: true, jitter: 50 * ms}, limits{115 * ms, 0.99, 0.06}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				l := c.line
				if l.samples == 0 {
					l.samples = block
				}
				if l.packets == 0 {
					l.packets = 60_000 / (l.samples / 48)
				}
				in := l.send(seed)
				p := player{t: t}
				p.run(in, time.Duration(seed)*4*ms+ms)
				median, most := p.settled(500)
				s := p.buf.Stats()
				made := float64(p.concealed) / float64(l.packets*l.samples)
				// Every line ends by being missed for the 100 ms.
				made -= 4800 / float64(l.packets*l.samples)
				unique := float64(s.Received - s.Duplicate)
				t.Logf("delay %v, at most %v, target %v; made up %.4f; %+v",
					median, most, p.buf.Target(), made, s)
				if median > c.want.median {
					t.Errorf("delay settled at %v, want at most %v", median, c.want.median)
				}
				if share := float64(len(p.played)) / unique; share < c.want.played {
					t.Errorf("played %.4f of the packets, want %.4f", share, c.want.played)
				}
				if made > c.want.concealed {
					t.Errorf("made up %.4f of the sound, want at most %.4f", made, c.want.concealed)
				}
				inOrder(t, p.played)
			}
		})
	}
}
