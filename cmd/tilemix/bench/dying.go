package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Death is what viewers of a relay that was killed saw of it.
type Death struct {
	Dark Spread  `json:"dark"` // from the kill to the first picture by another node, ms
	Most float64 `json:"most"` // ms
}

// dying is a measurement of a relay's death.
type dying struct{ relayed }

// measure kills the relay with most viewers, which come back by the other nodes.
func (m dying) measure(ctx context.Context) error {
	dead := slices.MaxFunc(m.nodes[1:], func(a, b *child) int { return len(m.at(a)) - len(m.at(b)) })
	victims := m.at(dead)
	entries := slices.DeleteFunc(slices.Clone(m.nodes), func(n *child) bool { return n == dead })
	m.say("  node %s is killed, which has %d viewers", dead.id, len(victims))
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if err := dead.kill(); err != nil {
		return err
	}
	killed := time.Now()
	dark, back := make([]time.Duration, len(victims)), make([]*member, len(victims))
	defer func() { leaveAll(ctx, back) }()
	errs := make([]error, len(victims))
	var wg sync.WaitGroup
	for i := range victims {
		wg.Go(func() {
			first, b, err := m.comeBack(ctx, victims[i], i, entries)
			dark[i], back[i], errs[i] = first.Sub(killed), b, err
		})
	}
	wg.Wait()
	d := &m.result.Relays.Death
	var ms []float64
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("%s does not come back: %w", victims[i].name, err)
		}
		ms = append(ms, dark[i].Seconds()*1000)
		d.Most = max(d.Most, ms[i])
	}
	d.Dark = spread(ms)
	return nil
}

// comeBack has a viewer notice that nothing comes, and join again by one of the nodes. It returns when the first
// picture came.
func (m dying) comeBack(ctx context.Context, old *member, number int, nodes []*child) (first time.Time, b *member, err error) {
	seen := func() uint64 { s := old.Stats(); return s.Picture.Packets + s.Sound.Packets }
	for last, since := seen(), time.Now(); time.Since(since) < unseen; {
		if err := sleep(ctx, unseen/25); err != nil {
			return first, nil, err
		}
		if now := seen(); now != last {
			last, since = now, time.Now()
		}
	}
	e := entry{room: atRoom, name: old.name, Options: old.Options}
	e.Record = false
	for n := number; ; n++ {
		e.server = nodes[n%len(nodes)].url
		began := time.Now()
		if b, err = m.call.enter(ctx, e); err == nil {
			for b.Stats().Picture.First == 0 {
				if err := sleep(ctx, time.Millisecond*5); err != nil {
					return first, b, err
				}
			}
			return began.Add(b.Stats().Picture.First), b, nil
		}
		if late := sleep(ctx, 100*time.Millisecond); late != nil {
			return first, nil, err
		}
	}
}
