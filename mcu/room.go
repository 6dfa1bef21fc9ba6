package mcu

import (
	"context"
	"image"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
)

// connectTimeout is how long somebody has a seat without a connection. It is a
// little more than the web client waits, which tells its user best what is wrong.
const connectTimeout = 20 * time.Second

// framesPerSeat bounds the pictures of a room: one shown, one in the slot, one
// being drawn, for each who may enter; and framesPerTile those that wait for their
// turn or their sound, for each who is seen.
const (
	framesPerSeat = 3
	framesPerTile = ingest.MaxHeld
)

// Room is one call. Its goroutines are the loop, which owns its state, the
// picture clock and the sound clock; run waits for them.
type Room struct {
	name   string
	server *Server
	log    *slog.Logger
	epoch  time.Time // of all timestamps
	pool   *yuv.Pool
	canvas *video.Compositor

	end    context.CancelFunc // set by Server.enter
	inside int                // guarded by Server.mu

	calls  chan func()
	ended  chan struct{} // the loop has ended
	wg     sync.WaitGroup
	kick   chan struct{} // wakes the picture clock for a key frame
	again  *time.Timer   // wakes the loop to ask for uplinks that it was too early for
	late   *time.Timer   // wakes the loop for who is not connected by his deadline
	untold *time.Timer   // wakes the loop for news that waits

	scene atomic.Pointer[scene] // the newest
	taps  atomic.Pointer[[]Tap]

	// Owned by the loop.
	members    []*Participant // in order of joining
	layout     string
	places     *layout.Places
	speaking   []string
	holder     string
	leaving    []departed
	sinks      []*attachment
	recordings []control.Recording // that everybody was told of
	onAir      bool                // it is broadcast
	told       told
	toldAt     time.Time
}

func newRoom(s *Server, name string) (*Room, error) {
	size := image.Pt(s.cfg.Width, s.cfg.Height)
	canvas, err := video.NewCompositor(size)
	if err != nil {
		return nil, err
	}
	r := &Room{
		name: name, server: s, log: s.log.With("room", name),
		epoch:  time.Now(),
		pool:   yuv.NewPool(framesPerSeat*s.cfg.MaxParticipants + framesPerTile*s.cfg.MaxTiles),
		canvas: canvas,
		calls:  make(chan func(), 64),
		ended:  make(chan struct{}),
		kick:   make(chan struct{}, 1),
		again:  time.NewTimer(0),
		late:   time.NewTimer(0),
		untold: time.NewTimer(0),
		layout: s.cfg.Layout,
		places: layout.NewPlaces(s.cfg.MaxTiles),
	}
	r.again.Stop()
	r.late.Stop()
	r.untold.Stop()
	r.scene.Store(newScene())
	return r, nil
}

// run is the room's life. When ctx ends everybody has to leave.
func (r *Room) run(ctx context.Context) {
	r.log.Info("room begins")
	clocks, stop := context.WithCancel(context.Background())
	var ticking sync.WaitGroup
	ticking.Go(func() { newPictureClock(r).run(clocks) })
	ticking.Go(func() { newSoundClock(r).run(clocks) })
	r.loop(ctx)
	for len(r.members) > 0 {
		r.remove(r.members[0])
	}
	for len(r.sinks) > 0 {
		r.detach(r.sinks[0])
	}
	r.again.Stop()
	r.late.Stop()
	r.untold.Stop()
	close(r.ended)
	r.wg.Wait()
	stop()
	ticking.Wait()
	if n := r.pool.Live(); n > 0 {
		r.log.Error("pictures leaked", "frames", n)
	}
	r.log.Info("room ends")
}

// loop runs the calls one by one until ctx ends.
func (r *Room) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-r.calls:
			f()
		case <-r.again.C:
			r.askUplinks(time.Now())
		case <-r.late.C:
			r.dismiss(time.Now())
		case <-r.untold.C:
			r.tellSoon(time.Now())
		}
	}
}

// post has the loop run f, soon. It returns false when the room has ended.
func (r *Room) post(f func()) bool {
	select {
	case r.calls <- f:
		return true
	case <-r.ended:
		return false
	}
}

// call has the loop run f and waits until it has. It returns false when the
// room ended first; then f has not run and will not.
func (r *Room) call(f func()) bool {
	done := make(chan struct{})
	if !r.post(func() { f(); close(done) }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-r.ended:
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// add seats a participant.
func (r *Room) add(p *Participant) {
	now := time.Now()
	p.deadline = now.Add(connectTimeout)
	r.members = append(r.members, p)
	p.log.Info("joined", "viewer", p.viewer)
	p.happen(event.ParticipantJoined)
	r.tapJoined(p, now)
	p.welcome()
	r.publish()
	r.dismiss(now)
}

// remove takes a participant's seat and ends his connection.
func (r *Room) remove(p *Participant) {
	i := slices.Index(r.members, p)
	if i < 0 {
		return
	}
	r.members = slices.Delete(r.members, i, i+1)
	p.log.Info("left")
	p.happen(event.ParticipantLeft)
	r.tapLeft(p, time.Now())
	r.leaving = append(r.leaving, departed{p: p, video: p.video, voice: p.voice, left: true})
	p.video, p.voice = nil, nil
	r.publish()
	r.wg.Go(func() {
		p.close()
		close(p.done)
		r.server.exit(r)
	})
}

func (r *Room) byID(id string) *Participant {
	for _, p := range r.members {
		if p.id == id {
			return p
		}
	}
	return nil
}

// floorChanged is called by the sound clock. It returns false when the loop is
// too busy to be told now.
func (r *Room) floorChanged(speaking []string, holder string) bool {
	f := func() {
		r.speaking, r.holder = speaking, holder
		r.publish()
	}
	select {
	case r.calls <- f:
		return true
	default:
		return false
	}
}

// publish makes the next scene from the members and tells everybody what is
// new in it.
func (r *Room) publish() {
	now := time.Now()
	s := newScene()
	s.departed, r.leaving = r.leaving, nil
	tiles, hidden := r.tiles()
	s.sinks = r.sinks
	watched := len(r.sinks) > 0 || slices.ContainsFunc(r.members, (*Participant).sees)
	for _, p := range r.members {
		seat := p.seat()
		seat.speaking = slices.Contains(r.speaking, p.public)
		seat.floor = p.public == r.holder
		if i := slices.IndexFunc(tiles, func(t layout.Tile) bool { return t.Source == layout.SourceID{Participant: p.public} }); i >= 0 {
			seat.tile = tiles[i].Rect
			if i == len(tiles)-1 {
				seat.hidden = hidden
			}
		}
		p.show(seat.tile.Size(), watched, now)
		s.seats = append(s.seats, seat)
	}
	old := r.scene.Swap(s)
	old.next.Store(s)
	close(old.superseded)
	r.tellSoon(time.Now())
	r.askUplinks(time.Now())
}

// tiles places whoever is connected, no viewer and to be seen, and returns for how many
// there is no place.
func (r *Room) tiles() (tiles []layout.Tile, hidden int) {
	who := []string{}
	for _, p := range r.members {
		if !p.viewer && p.seated {
			who = append(who, p.public)
		}
	}
	l, ok := layout.ByName(r.layout)
	if !ok {
		return nil, 0
	}
	places := r.places.Arrange(who, r.speaking)
	if l.LeadsSpeaker {
		r.places.Lead(r.holder)
	}
	seen := make([]layout.Source, len(places))
	for i, id := range places {
		seen[i] = layout.Source{ID: layout.SourceID{Participant: id}, Speaker: id == r.holder}
	}
	tiles = l.Place(image.Pt(r.server.cfg.Width, r.server.cfg.Height), seen)
	return tiles, len(who) - len(tiles)
}

// wake ends the picture clock's idleness.
func (r *Room) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// setLayout changes the room's layout, if there is such a one.
func (r *Room) setLayout(name string) bool {
	if _, ok := layout.ByName(name); !ok {
		return false
	}
	r.layout = name
	r.publish()
	return true
}

// chat passes a message to everybody.
func (r *Room) chat(from *Participant, text string) {
	m := control.Chat{
		ID: from.public, Name: from.name, Text: text, Time: time.Now().UTC(),
	}
	for _, p := range r.members {
		p.deliver(m)
	}
}
