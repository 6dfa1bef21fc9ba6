package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/mcu/control"
)

const (
	// settle is how long a call goes on before it is measured: senders may
	// change their size every two seconds.
	settle = 5 * time.Second
	// joinWide is how many join at a time where that is not what is measured.
	joinWide = 4
	// fewest is how many viewers of relays are worth to be measured.
	fewest = 30
	// atRoom is the name of the room; where there are many, with a number.
	atRoom = "bench"
)

// runner runs scenarios one after the other.
type runner struct {
	settings Settings
	film     *film
	leader   *bot.Voice // with chirps
	other    *bot.Voice
	slides   *deck // nil where no scenario has one
	progress io.Writer
}

func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.progress, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// run runs a scenario. other is the result that it is compared with, if any.
func (r *runner) run(ctx context.Context, s scenario, other *Result) (*Result, error) {
	s.scale(r.settings.Participants)
	r.say("%s: %s", s.Name, s.about)
	for tooMany := ""; ; {
		res, err := r.once(ctx, s, other)
		if err != nil {
			return nil, err
		}
		if tooMany != "" {
			res.Notes = append(res.Notes, tooMany)
		}
		if !res.crowded() || s.relays == 0 || s.viewers/2 < fewest {
			return res, nil
		}
		tooMany = fmt.Sprintf("this machine does not hold %d viewers beside their nodes; %d viewers bear what nodes need for any number, so with more a viewer costs less", s.viewers, s.viewers/2)
		r.say("  %s", tooMany)
		s.viewers /= 2
	}
}

// once runs a scenario with the viewers that it has.
func (r *runner) once(ctx context.Context, s scenario, other *Result) (*Result, error) {
	nodes, err := serveAll(ctx, r.settings, s)
	defer forgetAll(nodes)
	if err != nil {
		return nil, errors.Join(err, stopAll(nodes))
	}
	m := &measurement{runner: r, s: s, server: nodes[0], nodes: nodes, where: &places{}}
	m.result = &Result{Scenario: s.Name, Participants: s.participants, Viewers: s.viewers}
	err = m.measure(ctx)
	if err := errors.Join(err, stopAll(nodes)); err != nil {
		return nil, err
	}
	if err := errors.Join((yardstick{m}).floor(ctx), (yardstick{m}).views()); err != nil {
		return nil, err
	}
	res := m.result
	if len(res.Troubles) == 0 && s.judge != nil && (s.needs == "" || other != nil) {
		res.Bars = s.judge(res, other)
	}
	return res, nil
}

// measurement is one scenario as it runs.
type measurement struct {
	*runner
	s       scenario
	server  *child   // that mixes
	nodes   []*child // all of its cluster, or it alone
	call    *call
	where   *places
	result  *Result
	span    window
	before  spent          // without the viewers, or what is beside
	cameras []*bot.Variant // what each sent at the end; nil: nothing
	work    work

	changed  []time.Time // when a viewer's view was
	restless func()      // ends what goes on in the call; nil: nothing does
}

// entries says how the scenario's bots join. The first sees, the last hears.
func (m *measurement) entries() (participants, viewers []entry) {
	s := m.s
	for i := range s.participants + s.viewers {
		e := entry{room: atRoom, name: fmt.Sprint("bot ", i)}
		e.Viewer, e.Bursts = i >= s.participants, m.settings.Bursts
		e.NoSound, e.NoPicture = e.Viewer || !s.sound, s.sound && !s.video
		e.Remember = int((m.settings.Duration+settle)/time.Second+2) * 50
		if s.rooms > 0 {
			e.room += fmt.Sprint(m.roomOf(i))
		}
		if e.Viewer {
			e.view = s.viewersView
		}
		if s.slides && i == 0 {
			e.Clip, e.Publisher, e.screen = m.slides.clip, true, true
		} else if s.video && !e.Viewer {
			e.Clip, e.Cooperate = m.film.clip, s.cooperate
			e.Jitter = s.jitter(i)
		}
		switch {
		case e.NoSound:
		case i == 0 && s.speakers > 0:
			e.Voice = m.leader
		case i < s.speakers:
			e.Voice = m.other
		}
		if i == 0 && s.video {
			e.Record, e.Message = true, func(c control.Message) { m.where.told(c) }
		}
		if i == s.participants+s.viewers-1 && s.sound {
			e.Record = true
		}
		if s.contrast != nil { // it is too long to be looked at from beginning to end
			e.Record, e.Message = s.changes > 0 && i == s.participants+s.viewers-1, nil
		}
		if e.Viewer {
			viewers = append(viewers, e)
		} else {
			participants = append(participants, e)
		}
	}
	return participants, viewers
}

// roomOf returns the room of a bot where there are several. Viewers are in the first.
func (m *measurement) roomOf(i int) int {
	if i >= m.s.participants {
		return 0
	}
	return i % m.s.rooms
}

// settling is how long the call goes on before it is measured. Cameras of the room that relays send do not cooperate.
func (m *measurement) settling() time.Duration {
	if m.s.relays > 0 {
		return min(settle, 2*m.settings.Duration)
	}
	return settle
}

// calmDown ends what goes on in the call.
func (m *measurement) calmDown() {
	if m.restless != nil {
		m.restless()
		m.restless = nil
	}
}

// measure joins, waits, measures and leaves.
func (m *measurement) measure(ctx context.Context) (err error) {
	if m.s.rounds > 0 {
		return (rounds{m}).measure(ctx)
	}
	if m.call, err = newCall(ctx, m.server.url); err != nil {
		return err
	}
	defer m.call.leave(ctx)
	if m.s.storm {
		return m.measureStorm(ctx)
	}
	if m.s.relays > 0 {
		return (relayed{m}).measure(ctx)
	}
	participants, viewers := m.entries()
	if err := m.gather(ctx, participants); err != nil {
		return err
	}
	if m.s.contrast == nil && len(viewers) > 0 || m.s.beside {
		if m.before, err = spend(ctx, m); err != nil {
			return err
		}
		m.result.Before = m.before.server
	}
	if err := gatherViewers(ctx, m, viewers); err != nil {
		return err
	}
	if m.s.beside {
		end, err := (company{m}).begin(ctx)
		if err != nil {
			return err
		}
		defer end()
	}
	if err := m.calm(ctx); err != nil {
		return err
	}
	if m.s.contrast != nil {
		defer m.calmDown()
		return (contrasting{m}).measure(ctx)
	}
	if err := m.observe(ctx); err != nil {
		return err
	}
	if len(viewers) > 0 {
		m.result.PerViewer = (m.result.CPU - m.result.Before) / float64(len(viewers))
	}
	return nil
}

// calm waits until the senders have settled, and once more where what they were asked
// to send had to be encoded first.
func (m *measurement) calm(ctx context.Context) error {
	for before, now := -1, 0; before != now; {
		m.say("  %d joined; they settle for %v", len(m.call.members), settle)
		before, _ = m.film.surprises()
		if err := sleep(ctx, settle); err != nil {
			return err
		}
		var err error
		if now, err = m.film.surprises(); err != nil {
			return fmt.Errorf("encode the clip as wished: %w", err)
		}
	}
	return nil
}

// gather has bots join and waits until all have received something.
func (m *measurement) gather(ctx context.Context, entries []entry) error {
	if err := m.call.join(ctx, entries, joinWide); err != nil {
		return err
	}
	if !m.s.video && !m.s.sound {
		return nil
	}
	return m.call.begun(ctx, m.s.video, m.s.sound)
}

// measureStorm has everybody join at once.
func (m *measurement) measureStorm(ctx context.Context) error {
	participants, _ := m.entries()
	// The room and its picture are there, as in a call that people come to.
	if err := m.gather(ctx, participants[:1]); err != nil {
		return err
	}
	if err := sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	profiled := profile(ctx, m)
	s, err := m.begin(ctx)
	if err != nil {
		return err
	}
	if err := m.call.join(ctx, participants[1:], len(participants)); err != nil {
		return err
	}
	if err := m.call.begun(ctx, true, m.s.sound); err != nil {
		return err
	}
	m.say("  all %d have a picture", len(m.call.members))
	if err := sleep(ctx, m.settings.Duration/2); err != nil {
		return err
	}
	if err := m.end(ctx, s); err != nil {
		return err
	}
	return <-profiled
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
