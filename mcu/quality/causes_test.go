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

// streams are how many packets a participant's streams have in a second.
type streams struct {
	name              string
	camera, mic, down int
}

// sorts are participants with much and with little to lose.
var sorts = []streams{{"large tile", 60, 50, 150}, {"small tile", 20, 50, 70}, {"only sound", 0, 50, 50}}

// share is how much of so many packets is lost.
func share(r *rand.Rand, packets int, loss float64) float32 {
	lost := 0
	for range packets {
		if r.Float64() < loss {
			lost++
		}
	}
	return float32(lost) / float32(max(packets, 1))
}

// clean is a line that loses a packet at times.
var clean = way{loss: .001}

// second is a sample of a participant with a condition up, and one down. Numbers vary as they do on a good line.
func second(r *rand.Rand, has streams, up, down *way) stats.Moment {
	m := calm
	vary := func(f stats.Field, v float32) { m.Values[f] = v * (.85 + .3*r.Float32()) }
	for _, f := range []stats.Field{stats.CameraJitter, stats.MicJitter, stats.DownJitter, stats.CameraQueue, stats.DownQueue} {
		vary(f, 6)
	}
	stream := func(packets int, loss, came, missing stats.Field) {
		lost := share(r, packets, up.loss)
		m.Values[loss], m.Values[missing], m.Values[came] = lost, float32(packets)*lost, float32(packets)*(1-lost)
	}
	stream(has.camera, stats.CameraLoss, stats.CameraPackets, stats.CameraMissing)
	stream(has.mic, stats.MicLoss, stats.MicPackets, stats.MicMissing)
	if has.camera == 0 {
		m.Values[stats.CameraOn] = 0
	}
	m.Values[stats.DownPackets], m.Values[stats.DownLoss] = float32(has.down), share(r, has.down, down.loss)
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
// direction are right in 95 % of the seconds from the fourth on, in each case and over all. Where few packets come,
// so are those of loss.
func TestCauses(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 4))
	for _, has := range sorts {
		var right, all int
		for _, c := range ways {
			if has != sorts[0] && c.cause != quality.Loss {
				continue
			}
			for _, direction := range []quality.Direction{quality.Up, quality.Down} {
				good, n, wrong := judged(r, has, &c, direction)
				if right, all = right+good, all+n; float64(good) < .95*float64(n) {
					t.Errorf("%s, %s %v: right in %d of %d s, otherwise %v", has.name, c.name, direction, good, n, wrong)
				}
			}
		}
		t.Logf("%s: cause and direction are right in %.1f %% of %d s", has.name, 100*float64(right)/float64(all), all)
		if float64(right) < .95*float64(all) {
			t.Errorf("%s: cause and direction are right in %d of %d s", has.name, right, all)
		}
	}
}

// judged is in how many seconds of a condition what is shown is right, and what is shown otherwise.
func judged(r *rand.Rand, has streams, c *way, direction quality.Direction) (good, all int, wrong map[quality.Finding]int) {
	const calm, ill, grace, runs = 30, 30, 3, 5
	wrong = map[quality.Finding]int{}
	for range runs {
		shown(calm+ill, func(i int) stats.Moment {
			switch {
			case i < calm:
				return second(r, has, &clean, &clean)
			case direction == quality.Up:
				return second(r, has, c, &clean)
			}
			return second(r, has, &clean, c)
		}, func(i int, f quality.Finding) {
			switch {
			case i < calm+grace:
			case f.Cause == c.cause && f.Direction == direction && f.Level > quality.Excellent:
				good++
			default:
				wrong[f]++
			}
		})
	}
	return good, runs * (ill - grace), wrong
}

// TestFalseAlarms has ten hours each of a clean line, and of one that loses 0.4 % at random: at most one alarm an
// hour.
func TestFalseAlarms(t *testing.T) {
	const hours = 10
	for _, has := range sorts {
		for _, line := range []way{clean, {loss: .004}} {
			r := rand.New(rand.NewPCG(16, 5))
			alarms, before := 0, quality.Finding{}
			shown(hours*3600, func(int) stats.Moment { return second(r, has, &line, &line) }, func(_ int, f quality.Finding) {
				if f.Level > quality.Excellent && before.Level <= quality.Excellent {
					alarms++
				}
				before = f
			})
			t.Logf("%s, %.1f %% lost: %d alarms in %d h", has.name, 100*line.loss, alarms, hours)
			if alarms > hours {
				t.Errorf("%s, %.1f %% lost: %d alarms in %d h", has.name, 100*line.loss, alarms, hours)
			}
		}
	}
}
