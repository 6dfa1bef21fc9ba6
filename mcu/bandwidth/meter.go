package bandwidth

import "time"

const (
	meterStep  = 50 * time.Millisecond
	meterSteps = 20
)

// meter counts bytes over the last second. The zero value is empty.
type meter struct {
	steps [meterSteps]int
	last  int64 // the step that was counted in last
	first int64 // the step that was counted in first
	began bool
}

// add counts bytes at a time, which may be a little in the past. Where the clock leapt,
// ahead or back, it begins anew.
func (m *meter) add(at time.Duration, bytes int) {
	step := int64(at / meterStep)
	if off := step - m.last; !m.began || off > 10*meterSteps || off < -10*meterSteps {
		*m = meter{began: true, first: step, last: step}
	}
	for m.last < step {
		m.last++
		m.steps[place(m.last)] = 0
	}
	if m.last-step < meterSteps {
		m.steps[place(step)] += bytes
	}
}

// place is where a step is counted. Steps may be negative: clocks begin anywhere.
func place(step int64) int64 { return (step%meterSteps + meterSteps) % meterSteps }

// rate returns bits a second over the last window, up to a second, of what was
// counted. The newest step may be incomplete and is left out.
func (m *meter) rate(window time.Duration) int {
	if !m.began {
		return 0
	}
	n := min(int64(window/meterStep), meterSteps-1, m.last-m.first)
	if n <= 0 {
		return 0
	}
	sum := 0
	for i := int64(1); i <= n; i++ {
		sum += m.steps[place(m.last-i)]
	}
	return int(int64(sum) * 8 * int64(time.Second) / (n * int64(meterStep)))
}
