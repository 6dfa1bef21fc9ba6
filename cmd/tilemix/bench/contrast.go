package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// pairs is how often a call is measured without and with what it is measured for, in turn.
	pairs = 3
	// rest is how long a call goes on after a change before it is measured: a view lingers for 5 s.
	rest = 6 * time.Second
)

// contrast is what a call is measured without and with, in turn, so that a machine that grows
// slower counts on both sides.
type contrast struct {
	what string // the same in words
	turn func(ctx context.Context, m *measurement, on bool) error
}

// Pair is one span without and one with what a scenario is about, in ms a second.
type Pair struct {
	Without        float64 `json:"without"` // CPU of the server with its codec workers
	With           float64 `json:"with"`
	ComposeWithout float64 `json:"composeWithout"` // time of composing
	ComposeWith    float64 `json:"composeWith"`
	Encodes        float64 `json:"encodes"`     // pictures a second, with it
	BitsWithout    float64 `json:"bitsWithout"` // of all pictures encoded, Mbit/s
	BitsWith       float64 `json:"bitsWith"`
	Others         float64 `json:"others"` // CPU of everything else on the machine, the greater of both
	Load           float64 `json:"load"`   // of the machine, over the last minute
}

// series is all pairs of a call.
type series []Pair

// median is that of something of each pair.
func (s series) median(of func(Pair) float64) float64 {
	if len(s) == 0 {
		return 0
	}
	var each []float64
	for _, p := range s {
		each = append(each, of(p))
	}
	slices.Sort(each)
	return each[len(each)/2]
}

// added is the CPU that comes to the call, in ms a second.
func (s series) added() float64 { return s.median(func(p Pair) float64 { return p.With - p.Without }) }

// composed is the time of composing that comes to it, in ms a second.
func (s series) composed() float64 {
	return s.median(func(p Pair) float64 { return p.ComposeWith - p.ComposeWithout })
}

// factor is the CPU with it as a multiple of that without.
func (s series) factor() float64 {
	return s.median(func(p Pair) float64 { return p.With / max(p.Without, 1) })
}

// contrasting is a measurement of what something adds to a call.
type contrasting struct{ *measurement }

// measure measures the call, in which all are, in turn, and then once more with what it is measured
// for.
func (m contrasting) measure(ctx context.Context) error {
	for n := range pairs {
		p := Pair{}
		for _, on := range []bool{false, true} {
			if err := m.turn(ctx, on); err != nil {
				return err
			}
			if err := m.span(ctx, &p, on); err != nil {
				return err
			}
		}
		p.Load = load()
		m.result.Pairs = append(m.result.Pairs, p)
		m.say("  pair %d of %d: %s", n+1, pairs, p)
	}
	m.result.Before = m.result.Pairs.median(func(p Pair) float64 { return p.Without })
	if m.s.changes > 0 {
		if err := changing(m).measure(ctx); err != nil {
			return err
		}
	}
	if err := m.observe(ctx); err != nil {
		return err
	}
	if m.s.changes > 0 {
		changing(m).seen()
	}
	return nil
}

// turn changes the call and waits until the server has settled.
func (m contrasting) turn(ctx context.Context, on bool) error {
	if err := m.s.contrast.turn(ctx, m.measurement, on); err != nil {
		return fmt.Errorf("%s: %w", m.s.contrast.what, err)
	}
	return sleep(ctx, rest)
}

// span measures one side of a pair.
func (m contrasting) span(ctx context.Context, p *Pair, on bool) error {
	began, err := readMetrics(ctx, m.server.url)
	if err != nil {
		return err
	}
	before, err := look(m.server.pid)
	if err != nil {
		return err
	}
	if err := sleep(ctx, m.settings.Duration); err != nil {
		return err
	}
	after, err := look(m.server.pid)
	if err != nil {
		return err
	}
	ended, err := readMetrics(ctx, m.server.url)
	used, seconds := after.since(before), after.at.Sub(before.at).Seconds()
	composed := func(now metrics) float64 {
		return 1000 * now.find("tilemix_stage_seconds", "compose").GetHistogram().GetSampleSum()
	}
	counted := func(name string) float64 { return (ended.count(name, "") - began.count(name, "")) / seconds }
	compose, bits := (composed(ended)-composed(began))/seconds, counted("tilemix_picture_bytes_total")*8/1e6
	if p.Others = max(p.Others, used.others); on {
		p.With, p.ComposeWith, p.BitsWith, p.Encodes = used.server, compose, bits, counted("tilemix_picture_encodes_total")
	} else {
		p.Without, p.ComposeWithout, p.BitsWithout = used.server, compose, bits
	}
	if !m.settings.Busy { // else the pair says so
		m.busy("a pair was measured", used)
	}
	return err
}

// String says it in words.
func (p Pair) String() string {
	return fmt.Sprintf("CPU %.0f and %.0f ms/s, composing %.1f and %.1f, %.2f and %.2f Mbit/s, %.1f encodes/s with it; other programs %.0f ms/s, load %.2f",
		p.Without, p.With, p.ComposeWithout, p.ComposeWith, p.BitsWithout, p.BitsWith, p.Encodes, p.Others, p.Load)
}

// load is the machine's load over the last minute (proc_loadavg(5)), 0 where it is not known.
func load() (one float64) {
	text, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(strings.TrimSpace(string(text)), &one)
	return one
}

// ids returns the public IDs of the call's members of a room, by name.
func (m contrasting) ids(ctx context.Context, room string) (map[string]string, error) {
	var all struct {
		Participants []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"participants"`
	}
	if err := m.call.ask(ctx, http.MethodGet, m.call.room(room)+"/participants", nil, &all); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, p := range all.Participants {
		ids[p.Name] = p.ID
	}
	return ids, nil
}

// wish is a view as the API takes it: a name, or an object.
type wish any

// give gives members of a room views, by their IDs.
func (m contrasting) give(ctx context.Context, room string, wishes map[string]wish) error {
	var ids []string
	for id := range wishes {
		ids = append(ids, id)
	}
	return each(len(ids), joinWide, func(i int) error {
		return m.call.ask(ctx, http.MethodPatch, m.call.room(room)+"/participants/"+ids[i], map[string]any{"view": wishes[ids[i]]}, nil)
	})
}
