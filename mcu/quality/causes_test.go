package quality_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/mcu/quality"
	"tilemix/mcu/stats"
)

// way is a participant's path in one direction, as its numbers of a second would show it.
type way struct {
	name          string
	loss          float64 // share of packets
	queue, jitter float32 // ms
	sound         float32 // ms of jitter of sound; 0: as of pictures
	rung          float32 // height of the picture that is left of 720; 0: all
	slow          bool    // the client's processor
	cause         quality.Cause
}

// ways are the conditions of the matrix, each of which is tried up and down.
var ways = []way{
	{name: "loss 6 %", loss: .06, cause: quality.Loss},
	{name: "loss 10 %", loss: .10, cause: quality.Loss},
	{name: "loss 25 %", loss: .25, cause: quality.Loss},
	{name: "narrow, long queue", queue: 320, cause: quality.Bandwidth},
	{name: "narrow, short queue", queue: 120, loss: .08, rung: 360, cause: quality.Bandwidth},
	{name: "jitter", jitter: 60, sound: 32, cause: quality.Jitter},
	{name: "strong jitter", jitter: 130, sound: 70, cause: quality.Jitter},
	{name: "slow client", slow: true, cause: quality.ClientCPU},
}

// calm is a sample of a participant of whom all is well.
var calm = fine()[0]

// share is how much of so many packets is lost.
func share(r *rand.Rand, packets int, loss float64) float32 {
	lost := 0
	for range packets {
		if r.Float64() < loss {
			lost++
		}
	}
	return float32(lost) / float32(packets)
}

// second is a sample of a participant with a condition up, and one down; nil: that way is clean. Numbers vary as
// they do on a good line.
func second(r *rand.Rand, up, down *way) stats.Moment {
	m := calm
	vary := func(f stats.Field, v float32) { m.Values[f] = v * (.85 + .3*r.Float32()) }
	for _, f := range []stats.Field{stats.CameraJitter, stats.MicJitter, stats.DownJitter, stats.CameraQueue, stats.DownQueue} {
		vary(f, 6)
	}
	clean := &way{loss: .001} // a good line loses a packet at times
	if up == nil {
		up = clean
	}
	if down == nil {
		down = clean
	}
	m.Values[stats.CameraLoss], m.Values[stats.MicLoss] = share(r, 60, up.loss), share(r, 50, up.loss)
	m.Values[stats.CameraMissing] = 60 * m.Values[stats.CameraLoss]
	m.Values[stats.DownLoss] = share(r, 150, down.loss)
	if up.queue > 0 {
		vary(stats.CameraQueue, up.queue)
	}
	if down.queue > 0 {
		vary(stats.DownQueue, down.queue)
	}
	if up.jitter > 0 {
		vary(stats.CameraJitter, up.jitter)
		vary(stats.MicJitter, up.sound)
	}
	if down.jitter > 0 {
		vary(stats.DownJitter, down.sound)
	}
	if down.rung > 0 {
		m.Values[stats.DownHeight] = down.rung
	}
	if up.slow {
		m.Values[stats.ClientSlow] = 1
	}
	if down.slow {
		vary(stats.ClientFrames, 18)
		vary(stats.ClientDropped, 12)
	}
	return m
}

// shown plays seconds to what finds causes, and calls each with what it then shows.
func shown(seconds int, next func(i int) stats.Moment, each func(i int, f quality.Finding)) {
	var w quality.Hysteresis
	var samples []stats.Moment
	at := time.Unix(1_800_000_000, 0)
	for i := range seconds {
		if samples = append(samples, next(i)); len(samples) > quality.Window {
			samples = samples[1:]
		}
		w.Update(quality.Worst(quality.Find(samples, stats.Facts{})), at.Add(time.Duration(i)*time.Second))
		each(i, w.Shown())
	}
}

// TestCauses has each condition in each direction, five times for half a minute after a clean one. Cause and
// direction are right in 95 % of the seconds from the fourth on, in each case and over all.
func TestCauses(t *testing.T) {
	const clean, ill, grace, runs = 30, 30, 3, 5
	r := rand.New(rand.NewPCG(16, 4))
	var right, all int
	for _, c := range ways {
		for _, direction := range []quality.Direction{quality.Up, quality.Down} {
			good := 0
			wrong := map[quality.Finding]int{}
			for range runs {
				shown(clean+ill, func(i int) stats.Moment {
					switch {
					case i < clean:
						return second(r, nil, nil)
					case direction == quality.Up:
						return second(r, &c, nil)
					}
					return second(r, nil, &c)
				}, func(i int, f quality.Finding) {
					switch {
					case i < clean+grace:
					case f.Cause == c.cause && f.Direction == direction && f.Level > quality.Excellent:
						good++
					default:
						wrong[f]++
					}
				})
			}
			const n = runs * (ill - grace)
			if right, all = right+good, all+n; float64(good) < .95*n {
				t.Errorf("%s %v: right in %d of %d s, otherwise %v", c.name, direction, good, n, wrong)
			}
		}
	}
	t.Logf("cause and direction are right in %.1f %% of %d s", 100*float64(right)/float64(all), all)
	if float64(right) < .95*float64(all) {
		t.Errorf("cause and direction are right in %d of %d s", right, all)
	}
}

// TestFalseAlarms has two hours of a clean line: at most one alarm an hour.
func TestFalseAlarms(t *testing.T) {
	const hours = 2
	r := rand.New(rand.NewPCG(16, 5))
	alarms, before := 0, quality.Finding{}
	shown(hours*3600, func(int) stats.Moment { return second(r, nil, nil) }, func(_ int, f quality.Finding) {
		if f.Level > quality.Excellent && before.Level <= quality.Excellent {
			alarms++
		}
		before = f
	})
	t.Logf("%d alarms in %d h", alarms, hours)
	if alarms > hours {
		t.Errorf("%d alarms in %d h", alarms, hours)
	}
}
