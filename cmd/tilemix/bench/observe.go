package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
)

// snapshot is everything at a time.
type snapshot struct {
	usage
	metrics metrics
	bots    []bot.Stats
	crowd   bot.Punctuality
	late    int // wishes for which the clip had to be encoded
}

func (m *measurement) begin(ctx context.Context) (snapshot, error) {
	s := snapshot{bots: m.call.stats(), crowd: m.call.crowd.Punctuality()}
	var err error
	s.late, _ = m.film.surprises()
	if s.metrics, err = readMetrics(ctx, m.server.url); err != nil {
		return s, err
	}
	for _, b := range m.call.members {
		b.ResetLongest()
	}
	s.usage, err = look(m.server.pid)
	return s, err
}

// observe measures for as long as the settings say.
func (m *measurement) observe(ctx context.Context) error {
	profiled := profile(ctx, m)
	before, err := m.begin(ctx)
	if err != nil {
		return err
	}
	m.say("  measuring for %v", m.settings.Duration)
	if err := sleep(ctx, m.settings.Duration); err != nil {
		return err
	}
	if m.s.beside {
		if all, err := (company{m}).flows(ctx); err != nil || !all {
			m.trouble("what is beside the call has ended while it was measured: %v", err)
		}
	}
	if err := m.end(ctx, before); err != nil {
		return err
	}
	return <-profiled
}

// end compares everything with what it was.
func (m *measurement) end(ctx context.Context, before snapshot) error {
	used, err := look(m.server.pid)
	if err != nil {
		return err
	}
	after := snapshot{usage: used, bots: m.call.stats(), crowd: m.call.crowd.Punctuality()}
	if after.late, err = m.film.surprises(); err != nil {
		return err
	}
	if after.metrics, err = readMetrics(ctx, m.server.url); err != nil {
		return err
	}
	m.span = window{before.at, after.at}
	m.usage(before, after)
	m.received(before, after)
	m.counted(before.metrics, after.metrics)
	m.trust(before, after)
	m.call.leave(ctx) // what was recorded is read when nobody records any more
	return m.seen()
}

func (m *measurement) usage(before, after snapshot) {
	r, used := m.result, after.since(before.usage)
	r.Seconds = after.at.Sub(before.at).Seconds()
	r.CPU, r.BotsCPU, r.OthersCPU, r.MachineIdle = used.server, used.bots, used.others, used.idle
	r.Load = load()
	r.Workers, r.Children = used.workers, used.ffmpegs
	r.PerParticipant = r.CPU / float64(max(1, len(m.call.members)))
	r.Ticks, r.RSS = used.ticks, after.rss
}

// received says what the bots received.
func (m *measurement) received(before, after snapshot) {
	r := m.result
	var rates, connects, joins []float64
	var lost uint64
	for i, s := range after.bots {
		var old bot.Stats
		if i < len(before.bots) {
			old = before.bots[i]
		}
		if m.call.members[i].sees() && m.beheld(m.call.members[i]) {
			rates = append(rates, float64(s.Picture.Units-old.Picture.Units)/r.Seconds)
		}
		lost += s.Picture.Lost - old.Picture.Lost + s.Sound.Lost - old.Sound.Lost
		r.SoundGaps += s.Sound.Lost - old.Sound.Lost + s.Sound.Leaps - old.Sound.Leaps
		r.Uplinks += s.Uplinks
		if first := m.first(m.call.members[i], s); first > 0 && (!m.s.storm || i > 0) {
			joins = append(joins, first.Seconds()*1000)
			connects = append(connects, s.Connected.Seconds()*1000)
		}
		if s.Picture.Undecipherable+s.Sound.Undecipherable > 0 {
			r.Troubles = append(r.Troubles, fmt.Sprintf("%s cannot decrypt what comes", m.call.members[i].name))
		}
		m.countCamera(m.call.members[i], s, old)
	}
	slices.Sort(rates)
	if m.s.video && len(rates) > 0 {
		r.FPSMin, r.FPSMedian = rates[0], rates[len(rates)/2]
	}
	r.Connect, r.Join = spread(connects), spread(joins)
	if lost > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d packets were lost on the way to the bots", lost))
	}
}

// beheld tells whether a bot's frame rate is one that the scenario is about.
func (m *measurement) beheld(b *member) bool {
	return m.s.contrast == nil || m.s.rooms == 0 || b.room != atRoom+"0"
}

// first is the time to a bot's first picture, or sound where it gets no pictures.
func (m *measurement) first(b *member, s bot.Stats) time.Duration {
	if !b.NoPicture {
		return s.Picture.First
	}
	return s.Sound.First
}

// countCamera notes what a camera sends.
func (m *measurement) countCamera(b *member, s, old bot.Stats) {
	if b.Clip == nil {
		return
	}
	if m.result.Sizes == nil {
		m.result.Sizes = map[string]int{}
	}
	name := "stopped"
	if v := s.Sends; v != nil {
		name = fmt.Sprintf("%dx%d", v.Size.X, v.Size.Y)
		if v.Every > 1 {
			name += fmt.Sprintf(" at %d", frameRate/v.Every)
		}
		m.work.cameras = append(m.work.cameras, s.Sends)
	}
	m.result.Sizes[name]++
	m.cameras = append(m.cameras, s.Sends)
	m.work.decodes += float64(s.Pictures-old.Pictures) / m.result.Seconds
}

// counted says what the server counted.
func (m *measurement) counted(before, after metrics) {
	r := m.result
	rate := func(name, label string) float64 {
		return (after.count(name, label) - before.count(name, label)) / r.Seconds
	}
	r.IDRs, r.Encodes = rate("tilemix_key_frames_total", ""), rate("tilemix_picture_encodes_total", "")
	r.Decodes, r.Opus = rate("tilemix_stage_seconds", "decode"), rate("tilemix_sound_encodes_total", "")
	r.Stages = map[string]Spread{}
	for _, metric := range after["tilemix_stage_seconds"].GetMetric() {
		stage := metric.GetLabel()[0].GetValue()
		old, now := before.find("tilemix_stage_seconds", stage).GetHistogram(), metric.GetHistogram()
		if n := int(now.GetSampleCount() - old.GetSampleCount()); n > 0 {
			r.Stages[stage] = Spread{quantile(old, now, 0.5), quantile(old, now, 0.95), n}
		}
	}
	// What was sent and not decoded is no work that had to be done.
	m.work.decodes = min(m.work.decodes, r.Decodes)
	m.work.speakers = m.s.speakers
}

// keepOn does something again and again until calmDown.
func (m *measurement) keepOn(ctx context.Context, do func(ctx context.Context)) {
	again, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	m.restless = func() { stop(); <-done }
	go func() {
		defer close(done)
		for again.Err() == nil {
			do(again)
		}
	}()
}

// trouble notes why the numbers may be worth nothing.
func (m *measurement) trouble(format string, args ...any) {
	if m.settings.Busy {
		m.result.Notes = append(m.result.Notes, fmt.Sprintf(format, args...))
		return
	}
	m.result.Troubles = append(m.result.Troubles, fmt.Sprintf(format, args...))
}

// busy notes where the machine was too busy for what was measured.
func (m *measurement) busy(while string, used spent) {
	if used.idle < 0.03 {
		m.trouble("the machine was saturated while %s: %.0f%% idle", while, used.idle*100)
	}
	if used.others > 200 {
		m.trouble("the machine had other work to do while %s: %.0f ms/s", while, used.others)
	}
}

// trust notes why the numbers may be worth nothing.
func (m *measurement) trust(before, after snapshot) {
	trouble := m.trouble
	done := after.crowd.Done - before.crowd.Done
	late, very := after.crowd.Late-before.crowd.Late, after.crowd.VeryLate-before.crowd.VeryLate
	if done > 0 && (late*20 > done || very*200 > done) {
		trouble("the bots were late: %.1f%% of what they sent by more than 5 ms, %.1f%% by more than 20 ms",
			100*float64(late)/float64(done), 100*float64(very)/float64(done))
	}
	if n := after.crowd.Skipped - before.crowd.Skipped; n > 0 {
		trouble("the bots left out %d pictures or packets", n)
	}
	if n := after.crowd.Dropped - before.crowd.Dropped; n > 0 {
		trouble("the kernel dropped %d datagrams before the bots read them", n)
	}
	if n := after.late - before.late; n > 0 {
		trouble("the clip was encoded %d times while it was measured, as nobody had foreseen", n)
	}
	if n := after.crowd.Failed - before.crowd.Failed; n > 0 {
		trouble("the bots could not send %d times", n)
	}
	for _, kind := range []string{"recording", "output", "broadcast"} {
		name := "tilemix_" + kind + "_dropped_total"
		if n := after.metrics.count(name, "") - before.metrics.count(name, ""); n > 0 {
			trouble("a %s left out %.0f pictures or packets", kind, n)
		}
	}
	m.busy("the call was measured", after.since(before.usage))
}

// seen finds how late picture and sound were.
func (m *measurement) seen() error {
	r, members := m.result, m.call.members
	if len(members) == 0 {
		return nil
	}
	eye, ear := members[0], members[len(members)-1]
	if m.s.video {
		cameras := map[string]sendings{}
		for _, b := range members {
			pictures, _ := b.Sent()
			cameras[b.name] = sent(pictures)
		}
		mix, _ := eye.Recorded()
		ms, unread, err := lag(mix, m.span, m.where, cameras)
		if err != nil {
			return err
		}
		if len(m.s.uneven) > 0 {
			delays := map[string]time.Duration{}
			for i, b := range members {
				delays[b.name] = m.s.jitter(i)
			}
			if r.Quality, err = (&truth{film: m.film, places: m.where, delays: delays}).judge(mix, m.span); err != nil {
				return err
			}
		}
		var all []float64
		for _, name := range slices.Sorted(maps.Keys(ms)) {
			all = append(all, ms[name]...)
		}
		r.Picture, r.Speaker = spread(all), spread(ms[eye.name])
		if unread > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("%d numbers in %d could not be read in the picture", unread, unread+len(all)))
		}
	}
	if m.s.sound && m.s.speakers > 0 {
		_, heard := ear.Recorded()
		_, packets := eye.Sent()
		ms, err := delay(heard, m.span, m.leader, sent(packets))
		if err != nil {
			return err
		}
		r.Sound = spread(ms)
	}
	return nil
}
