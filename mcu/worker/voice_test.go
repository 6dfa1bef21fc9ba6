package worker_test

import (
	"fmt"
	"math"
	"syscall"
	"testing"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/mcutest/poll"
)

// TestVoiceTakesUp kills the worker of voices between two ticks. The first sound of the next worker is as if one
// decoder had decoded all, because the next one has the packets before.
func TestVoiceTakesUp(t *testing.T) {
	for _, kind := range []struct{ bitrate, channels, loss int }{{12_000, 1, 0}, {20_000, 1, 20}, {32_000, 1, 0}, {96_000, 1, 0}, {48_000, 2, 0}} {
		t.Run(fmt.Sprintf("%d bit/s, %d channels", kind.bitrate, kind.channels), func(t *testing.T) {
			takeUp(t, spoken(t, kind.bitrate, kind.channels, kind.loss, 60))
		})
	}
}

func takeUp(t *testing.T, packets [][]byte) {
	p := pool(t, patient)
	crew := p.NewCrew()
	newChoir(t, crew, 1).await(t, p, 3)
	batch := crew.NewBatch()
	defer batch.Close()
	far := batch.NewDecoder(false)
	near, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	var got, want [longest]float32
	bridged, worst, death := p.Stats().Bridged, math.Inf(1), len(packets)*2/3
	for i, packet := range packets {
		if i == death {
			if err := syscall.Kill(poll.Children(t)[0], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			poll.Until(t, "its death", func() bool { return p.Stats().Workers < 3 })
		}
		if _, err := near.Decode(want[:], packet); err != nil {
			t.Fatal(err)
		}
		batch.Each(1, func(int) {
			if _, err := far.Decode(got[:], packet); err != nil {
				t.Error(err)
			}
		})
		if i >= death {
			worst = min(worst, ratio(want[:pcm.Samples], got[:pcm.Samples]))
		}
	}
	t.Logf("the sound after the death is %.1f dB over what is wrong with it", worst)
	if worst < 20 || p.Stats().Bridged > bridged {
		t.Errorf("%d packets are made up", p.Stats().Bridged-bridged)
	}
}

// ratio returns by how many dB a sound is over what another has wrong; silence is always right.
func ratio(want, got []float32) float64 {
	power, wrong := 1e-9, 1e-9
	for i, s := range want {
		power += float64(s * s)
		wrong += float64((s - got[i]) * (s - got[i]))
	}
	if power < 1e-4 {
		return math.Inf(1)
	}
	return 10 * math.Log10(power/wrong)
}
