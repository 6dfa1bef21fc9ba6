package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
)

// yardstick finds what a measurement is compared with.
type yardstick struct{ *measurement }

// floor finds what the same work costs alone: its packets through the bare
// exchange, then its codecs on one thread.
func (m yardstick) floor(ctx context.Context) error {
	if m.settings.NoFloor || m.s.contrast != nil || m.s.storm || m.s.rounds > 0 || m.s.relays > 0 || !m.s.video && !m.s.sound {
		return nil
	}
	m.say("  floor: the same packets through plain pion")
	transport, perViewer, err := m.bare(ctx)
	if err != nil {
		return err
	}
	m.say("  floor: the same pictures and sound through the codecs alone")
	r := m.result
	if r.Floor, err = codecFloor(m.film, m.leader, m.work, m.s.video, m.s.sound); err != nil {
		return err
	}
	r.Floor.Transport, r.Floor.PerViewer = transport, perViewer
	r.compare()
	return nil
}

// views finds what the views that are added cost alone.
func (m yardstick) views() error {
	if m.s.changes == 0 {
		return nil
	}
	m.say("  three views composed and encoded alone")
	m.result.Alone = &Alone{}
	for _, tiles := range quartetTiles(m.s.participants) {
		var shown []*bot.Variant
		for _, t := range tiles {
			for _, b := range m.call.members {
				if b.name == t.Source.Participant {
					shown = append(shown, cmp.Or(b.Stats().Sends, m.film.clip.Full))
				}
			}
		}
		cost, err := timeView(m.film, shown, tiles)
		if err != nil {
			return fmt.Errorf("time a view: %w", err)
		}
		m.result.Alone.add(cost)
	}
	return nil
}

// bare has the same bots send the same to a bare exchange, which sends them what
// the mix is like: 1.5 Mbit/s of picture and a voice. It returns the CPU of that, in
// ms a second, and how much of it each viewer is.
func (m yardstick) bare(ctx context.Context) (cpu, perViewer float64, err error) {
	server, err := start(ctx, bareServes, "bare")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	c, err := newCall(ctx, server.url)
	if err != nil {
		return 0, 0, err
	}
	defer c.leave(ctx)
	participants, viewers := m.blind()
	for _, some := range [][]entry{participants, {m.source()}} {
		if err := c.join(ctx, some, joinWide); err != nil {
			return 0, 0, fmt.Errorf("bare exchange: %w", err)
		}
	}
	if cpu, err = m.costs(ctx, server); err != nil || len(viewers) == 0 {
		return cpu, 0, err
	}
	if err := c.join(ctx, viewers, joinWide); err != nil {
		return 0, 0, fmt.Errorf("bare exchange: %w", err)
	}
	all, err := m.costs(ctx, server)
	return all, (all - cpu) / float64(len(viewers)), err
}

// costs is what a process uses once it has calmed down, in ms of CPU a second.
func (m yardstick) costs(ctx context.Context, server *child) (float64, error) {
	if err := sleep(ctx, 2*time.Second); err != nil {
		return 0, err
	}
	before, err := look(server.pid)
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, min(m.settings.Duration, 8*time.Second)); err != nil {
		return 0, err
	}
	after, err := look(server.pid)
	used := after.since(before)
	m.busy("plain pion was measured", used)
	return used.server, err
}

// source is who sends what is like the mix.
func (m yardstick) source() entry {
	e := entry{name: sourceName}
	e.Voice, e.NoPicture = m.leader, !m.s.video
	if m.s.video {
		e.Clip = m.film.clip
	}
	return e
}

// blind are the scenario's bots as they were in the end, without control channels.
func (m yardstick) blind() (participants, viewers []entry) {
	participants, viewers = m.entries()
	cameras := 0
	for i := range participants {
		e := &participants[i]
		e.Cooperate, e.Record, e.Message, e.Remember = false, false, nil, 0
		if e.Clip == nil {
			continue
		}
		if e.Begin = m.cameras[cameras]; e.Begin == nil {
			e.Clip = nil
		}
		cameras++
	}
	silence(viewers, m.result.SoundOnly)
	for i := range viewers {
		viewers[i].Record, viewers[i].Message = false, nil
	}
	return participants, viewers
}
