package bench

import (
	"context"
	"fmt"
	"runtime"
)

// mostUsed is how much of the machine server and bots may use for the server to be
// measured and not the machine.
const mostUsed = 0.85

// spend is what server and bots use once they have settled.
func spend(ctx context.Context, m *measurement) (spent, error) {
	if err := sleep(ctx, m.settling()); err != nil {
		return spent{}, err
	}
	before, err := look(m.server.pid)
	if err != nil {
		return spent{}, err
	}
	if err := sleep(ctx, m.settings.Duration); err != nil {
		return spent{}, err
	}
	after, err := look(m.server.pid)
	used := after.since(before)
	m.busy("the call was measured without", used)
	return used, err
}

// gatherViewers has viewers join. Where the scenario samples them, some join first, and
// the rest get sound alone if the machine cannot hold all of them with pictures.
func gatherViewers(ctx context.Context, m *measurement, viewers []entry) error {
	sample := min(m.s.sample, len(viewers))
	if sample == 0 {
		return m.gather(ctx, viewers)
	}
	if err := m.gather(ctx, viewers[:sample]); err != nil {
		return err
	}
	used, err := spend(ctx, m)
	if err != nil {
		return err
	}
	capacity := 1000 * float64(runtime.NumCPU())
	need := m.before.forecast(used, sample, len(viewers))
	if need > capacity*mostUsed {
		m.result.SoundOnly = len(viewers) - sample
		silence(viewers, m.result.SoundOnly)
	}
	m.result.Notes = append(m.result.Notes, audience(len(viewers), m.result.SoundOnly, need, capacity))
	return m.gather(ctx, viewers[sample:])
}

// forecast is what server and bots would use with n viewers, in ms of CPU a second. s is
// what they use without viewers, used with some of them.
func (s spent) forecast(used spent, some, n int) float64 {
	base := s.server + s.bots
	return base + (used.server+used.bots-base)/float64(some)*float64(n)
}

// silence takes the picture from the last n viewers.
func silence(viewers []entry, n int) {
	for i := range viewers[len(viewers)-n:] {
		viewers[len(viewers)-n+i].NoPicture = true
	}
}

// audience says what viewers there were. need and capacity are in ms of CPU a second.
func audience(viewers, soundOnly int, need, capacity float64) string {
	if soundOnly == 0 {
		return fmt.Sprintf("all %d viewers have picture and sound", viewers)
	}
	return fmt.Sprintf("%d viewers have picture and sound, %d have sound alone: with pictures for all, server and bots need %.0f ms/s of the machine's %.0f",
		viewers-soundOnly, soundOnly, need, capacity)
}
