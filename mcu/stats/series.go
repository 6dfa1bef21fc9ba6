package stats

import (
	"math"
	"strconv"
	"time"
)

// Series is samples in order of time. It is a value: whoever has it owns its memory.
type Series struct {
	Step    time.Duration // that a sample is about
	Samples []Moment
}

// After returns the samples that ended after a time.
func (s Series) After(at time.Time) Series {
	first := len(s.Samples)
	for first > 0 && s.Samples[first-1].At > at.UnixMilli() {
		first--
	}
	s.Samples = s.Samples[first:]
	return s
}

// Join returns the samples of one series that ended before another begins, and then those of the other.
// The step is that of the other.
func Join(before, then Series) Series {
	all := Series{Step: then.Step}
	for i := range before.Samples {
		if len(then.Samples) == 0 || before.Samples[i].At < then.Samples[0].At {
			all.Samples = append(all.Samples, before.Samples[i])
		}
	}
	all.Samples = append(all.Samples, then.Samples...)
	return all
}

// MarshalJSON writes the step in seconds, the ends of the samples in Unix ms, and a column for each
// field of which anything is known. Unknown numbers are null.
func (s Series) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 64+len(s.Samples)*int(fields)*6), `{"step":`...)
	b = strconv.AppendFloat(b, s.Step.Seconds(), 'f', -1, 64)
	b = append(b, `,"at":[`...)
	for i := range s.Samples {
		b = strconv.AppendInt(comma(b, i), s.Samples[i].At, 10)
	}
	b = append(b, `],"values":{`...)
	n := 0
	for f := range fields {
		if !s.known(f) {
			continue
		}
		b = append(append(append(comma(b, n), '"'), columns[f].name...), `":`...)
		b = s.column(b, f)
		n++
	}
	return append(b, '}', '}'), nil
}

// known tells whether any sample has a number in a field.
func (s Series) known(f Field) bool {
	for i := range s.Samples {
		if v := s.Samples[i].Values[f]; v == v {
			return true
		}
	}
	return false
}

// column appends the numbers of a field as a JSON array.
func (s Series) column(b []byte, f Field) []byte {
	b = append(b, '[')
	for i := range s.Samples {
		b = number(comma(b, i), s.Samples[i].Values[f])
	}
	return append(b, ']')
}

// MarshalJSON writes an object of all fields of which something is known, and "at", in Unix ms.
func (s Moment) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt(append(make([]byte, 0, 1024), `{"at":`...), s.At, 10)
	for f, v := range s.Values {
		if v == v {
			b = append(append(append(b, ',', '"'), columns[f].name...), `":`...)
			b = number(b, v)
		}
	}
	return append(b, '}'), nil
}

// comma separates elements but the first.
func comma(b []byte, n int) []byte {
	if n > 0 {
		return append(b, ',')
	}
	return b
}

// number appends a number as JSON has it: as many digits as a screen needs, and null for none.
func number(b []byte, v float32) []byte {
	switch {
	case v != v || math.IsInf(float64(v), 0):
		return append(b, "null"...)
	case v >= 100 || v <= -100:
		return strconv.AppendFloat(b, math.Round(float64(v)), 'f', 0, 64)
	}
	return strconv.AppendFloat(b, math.Round(float64(v)*1000)/1000, 'f', -1, 64)
}
