package quality

import (
	"math"

	"tilemix/mcu/stats"
)

const (
	// stray (0.5 %) is the share of packets that a line loses of which nothing is to be said.
	stray = 0.005
	// luck (1 in 10,000) is how seldom a line with that share may lose as much as is taken for a fault.
	luck = 1e-4
	// plenty (40) lost packets are a fault of any second in which they are more than the share of lossBar.
	plenty = 40
)

// toll is how many packets were to come by some streams, and how many were lost.
type toll struct{ packets, lost float64 }

// level is how good the share of lost packets is. What a good line loses by chance is none: of 50 packets, 3 in a
// bad second.
func (t toll) level() Grade {
	level := lossBar.level(float32(t.lost / max(t.packets, 1)))
	if level > Excellent && t.lost < plenty && chance(int(t.lost+.5), stray*t.packets) > luck {
		return Excellent
	}
	return level
}

// chance is how likely it is that n or more events happen of which mean are to be expected (Poisson).
func chance(n int, mean float64) float64 {
	term := math.Exp(-mean)
	rest := 1 - term
	for i := 1; i < n; i++ {
		term *= mean / float64(i)
		rest -= term
	}
	if n <= 0 {
		return 1
	}
	return rest
}

// known is v, or 0 for NaN: a stream that there is not loses nothing.
func known(v float32) float64 {
	if v != v {
		return 0
	}
	return float64(v)
}

// lost is how good the loss of some streams is, each of which adds its packets of a sample: over two samples, in
// each of which something is lost, or over four of them, which say more where packets are few.
func (w window) lost(streams ...func(*stats.Moment) toll) Grade {
	level, sum := Excellent, toll{}
	for n := 1; n <= min(4, len(w)); n++ {
		now := toll{}
		for _, of := range streams {
			t := of(&w[len(w)-n])
			now.packets, now.lost = now.packets+t.packets, now.lost+t.lost
		}
		if n <= 2 && now.lost == 0 {
			return Excellent
		}
		sum.packets, sum.lost = sum.packets+now.packets, sum.lost+now.lost
		if n == 2 || n == 4 {
			level = max(level, sum.level())
		}
	}
	return level
}

// The streams of a participant.

func ofCamera(m *stats.Moment) toll {
	missing := known(m.Values[stats.CameraMissing])
	return toll{known(m.Values[stats.CameraPackets]) + missing, missing}
}

func ofMicrophone(m *stats.Moment) toll {
	missing := known(m.Values[stats.MicMissing])
	return toll{known(m.Values[stats.MicPackets]) + missing, missing}
}

func ofMix(m *stats.Moment) toll {
	sent := known(m.Values[stats.DownPackets])
	return toll{sent, sent * known(m.Values[stats.DownLoss])}
}
