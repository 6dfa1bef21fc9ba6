package bench

import (
	"context"
	"fmt"
	"math"
	"time"
)

const (
	// roundLength is how long the cameras of a round stay.
	roundLength = 2 * time.Second
	// roundPause is how long the server has to end a room and to return memory. Its memory
	// is read several times, and the least counts.
	roundPause = 3 * time.Second
	// afterLast is when, after the last room ended, the server's memory is read again.
	afterLast = 30 * time.Second
	// earlyRound is the round that later ones are compared with. By then the server
	// has made all that it makes once.
	earlyRound = 2
)

// Memory is what stays resident of the server while calls begin and end, in bytes.
type Memory struct {
	Fresh  int64   `json:"fresh"`  // before the first call
	Rounds []int64 `json:"rounds"` // after each round
	After  int64   `json:"after"`  // afterLast after the last round
}

// grown is what the last round left more than an early one, in MiB.
func (m *Memory) grown() float64 {
	if m == nil || len(m.Rounds) < earlyRound {
		return 0
	}
	return float64(m.Rounds[len(m.Rounds)-1]-m.Rounds[earlyRound-1]) / (1 << 20)
}

// kept is what the server keeps in the end more than it had in the beginning, in MiB.
func (m *Memory) kept() float64 {
	if m == nil {
		return 0
	}
	return float64(m.After-m.Fresh) / (1 << 20)
}

// rounds is a measurement of what calls leave behind.
type rounds struct{ *measurement }

// measure has the scenario's bots join and leave again and again.
func (m rounds) measure(ctx context.Context) error {
	memory := &Memory{}
	m.result.Memory = memory
	begin, err := look(m.server.pid)
	if err != nil {
		return err
	}
	memory.Fresh = begin.rss
	for round := range m.s.rounds {
		if err := m.round(ctx); err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		least, err := m.rest(ctx)
		if err != nil {
			return err
		}
		memory.Rounds = append(memory.Rounds, least)
		m.say("  round %d: %d MiB", round+1, least>>20)
	}
	m.say("  all have left; the server rests for %v", afterLast)
	if err := sleep(ctx, afterLast-roundPause); err != nil {
		return err
	}
	last, err := look(m.server.pid)
	memory.After, m.result.RSS = last.rss, last.rss
	m.result.Seconds = last.at.Sub(begin.at).Seconds()
	return err
}

// round has the scenario's bots join, stay for a moment and leave.
func (m rounds) round(ctx context.Context) error {
	call, err := newCall(ctx, m.server.url)
	if err != nil {
		return err
	}
	m.call = call
	defer call.leave(ctx)
	participants, _ := m.entries()
	for i := range participants {
		participants[i].Record, participants[i].Message, participants[i].Remember = false, nil, 0
	}
	if err := m.gather(ctx, participants); err != nil {
		return err
	}
	if err := sleep(ctx, roundLength); err != nil {
		return err
	}
	return nil
}

// rest waits for roundPause and returns the least memory that the server had meanwhile.
func (m rounds) rest(ctx context.Context) (least int64, err error) {
	least = math.MaxInt64
	for range 6 {
		if err := sleep(ctx, roundPause/6); err != nil {
			return 0, err
		}
		now, err := look(m.server.pid)
		if err != nil {
			return 0, err
		}
		least = min(least, now.rss)
	}
	return least, nil
}
