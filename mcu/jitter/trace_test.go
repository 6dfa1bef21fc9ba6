package jitter_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"tilemix/mcu/jitter"
)

// readTrace returns the legs of a recorded call. Its clock is 16 kHz and its
// packets are of 60 ms.
func readTrace(t *testing.T) map[string][]arrival {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "media", "rtp", "mobile_voip_rtp_trace.csv"))
	if err != nil {
		t.Skipf("the recorded trace is not here: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string, base int) uint64 {
		n, err := strconv.ParseUint(s, base, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	legs := map[string][]arrival{}
	for _, r := range rows[1:] {
		legs[r[0]] = append(legs[r[0]], arrival{
			at: time.Duration(number(r[1], 10)) * time.Microsecond,
			Packet: jitter.Packet{
				SSRC: uint32(number(r[2], 16)), Seq: uint16(number(r[3], 10)),
				Timestamp: uint32(number(r[4], 10)) * 3, Samples: 2880,
			},
		})
	}
	return legs
}

func TestTrace(t *testing.T) {
	type limits struct {
		played, concealed float64 // shares of the packets
		delay             time.Duration
	}
	for leg, want := range map[string]limits{
		"up_ssrc25":    {0.99, 0.02, 150 * ms},
		"up_ssrc218":   {0.99, 0.02, 150 * ms},
		"down_ssrc25":  {0.90, 0.12, 300 * ms},
		"down_ssrc218": {0.90, 0.12, 300 * ms},
	} {
		t.Run(leg, func(t *testing.T) {
			in := readTrace(t)[leg]
			slices.SortStableFunc(in, func(a, b arrival) int { return int(a.at - b.at) })
			p := player{t: t, quiet: func(now time.Duration) bool { return now/(200*ms)%3 == 0 }}
			p.run(in, in[0].at+3*ms)
			s := p.buf.Stats()
			median, most := p.settled(len(p.delays))
			concealed := float64(p.concealed/48-100) / float64(60*len(in))
			t.Logf("%d packets: delay %v, at most %v, target %v, concealed %.3f, squeezed %d, stretched %d, cuts %d, %+v",
				len(in), median, most, p.buf.Target(), concealed, p.squeezed, p.stretched, p.cuts, s)
			if share := float64(len(p.played)) / float64(len(in)); share < want.played {
				t.Errorf("played %.3f of the packets", share)
			}
			if concealed > want.concealed {
				t.Errorf("concealed %.3f of the sound", concealed)
			}
			if median > want.delay {
				t.Errorf("delay %v", median)
			}
			inOrder(t, p.played)
		})
	}
}
