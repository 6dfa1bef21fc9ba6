package ladder

import "time"

// span is the time over which a rate is measured.
const span = 300 * time.Millisecond

// meter measures what is sent. The zero value is ready.
type meter struct {
	from  uint64
	since time.Time
	rates [2]int // of the last two spans, bits a second
}

// rate takes how many bytes were sent so far and returns the least rate of the last
// two spans and of this, in bits a second: what has been sent all the time. An estimate follows what
// is sent with some delay, so a rate that just rose or fell says nothing about it.
func (m *meter) rate(bytes uint64, now time.Time) int {
	if m.since.IsZero() || bytes < m.from {
		*m = meter{from: bytes, since: now}
	}
	took := now.Sub(m.since)
	if took < span/3 {
		return min(m.rates[0], m.rates[1])
	}
	rate := int(float64(bytes-m.from) * 8 / took.Seconds())
	least := min(m.rates[0], m.rates[1], rate)
	if took >= span {
		m.rates[0], m.rates[1] = m.rates[1], rate
		m.from, m.since = bytes, now
	}
	return least
}
