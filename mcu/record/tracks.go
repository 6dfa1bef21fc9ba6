package record

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/mcu"
)

const (
	queuedTracks = 4000 // access units and packets of all participants
	// queuedPeople is how many comings and goings may wait. They have room of their own: of
	// somebody whose coming is lost nothing would be written.
	queuedPeople = 1000
	tracksBytes  = 32 << 20 // of all pieces
	keptBytes    = 64 << 10 // of a piece that waits for its next use
	// reorder is how long packets of sound wait for those that are late.
	reorder = 300 * time.Millisecond
)

// Person is a participant of a recorded call, in the recording's time line. All its
// times are seconds since the recording was begun, on the server's clock.
type Person struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Joined float64 `json:"joined"`
	Left   float64 `json:"left,omitempty"` // 0: he stayed to the end
	Tracks []Track `json:"tracks,omitempty"`
}

// Track is what a participant sent of one kind, in a file of its own.
type Track struct {
	Kind  string  `json:"kind"`  // video or audio
	Codec string  `json:"codec"` // h264 or opus
	File  string  `json:"file,omitempty"`
	Start float64 `json:"start"` // of the file, seconds on the time line
	// Reason says why it is not whole, or has no file, where the rest of it could not be written.
	Reason string `json:"reason,omitempty"`
}

// piece is something of a participant on its way to his files.
type piece struct {
	kind pieceKind
	id   string
	name string
	data []byte
	key  bool
	at   mcu.Instant
}

type pieceKind int

const (
	joined pieceKind = iota
	left
	picture
	sound
)

// tracks writes what participants send into files of their own, as it came, and
// keeps the time line. It is a [mcu.Tap]; its goroutine, run, owns the files.
type tracks struct {
	dir, id string
	media   bool // else there is the time line alone
	log     *slog.Logger
	full    chan *piece
	free    chan *piece // for media
	callers chan *piece // free too, for comings and goings
	shut    atomic.Bool // there is a pause
	lost    atomic.Uint64
	held    atomic.Int64 // bytes of pieces
	doors   sync.Map     // *door of each camera, by its participant's ID; read without a lock
	untap   func()
	stop    chan struct{}
	done    chan struct{}

	// people is replaced by run at each change, and read by anyone.
	people atomic.Pointer[[]Person]

	// Owned by run.
	feeds map[string]*feed
	past  []*feed // who came again as another
	begun bool
	zero  atomic.Int64 // of the time line, on the room's clock, in ns

	changed func() // called by run after each change of people
}

func newTracks(dir, id string, media bool, changed func(), log *slog.Logger) *tracks {
	most := 0
	if media {
		most = queuedTracks
	}
	t := &tracks{
		dir: dir, id: id, media: media, changed: changed, log: log,
		full: make(chan *piece, most+queuedPeople), free: make(chan *piece, most), callers: make(chan *piece, queuedPeople),
		stop: make(chan struct{}), done: make(chan struct{}), feeds: map[string]*feed{},
	}
	for range most {
		t.free <- &piece{}
	}
	for range queuedPeople {
		t.callers <- &piece{}
	}
	t.people.Store(&[]Person{})
	return t
}

// Joined puts somebody on the time line.
func (t *tracks) Joined(id, name string, at time.Duration) {
	t.put(piece{kind: joined, id: id, name: name, at: mcu.Instant{Arrived: at}}, nil)
}

// Left ends his part of it.
func (t *tracks) Left(id string, at time.Duration) {
	t.put(piece{kind: left, id: id, at: mcu.Instant{Arrived: at}}, nil)
}

// Picture takes an access unit. Only H.264 goes into files. Where some are missing, an
// IDR is needed, and what comes before it is left out.
func (t *tracks) Picture(id string, kind codec.Kind, n uint64, au []byte, key bool, at mcu.Instant) (needKey bool) {
	if !t.media || kind != codec.H264 {
		return false
	}
	d := t.door(id)
	switch {
	case t.shut.Load():
		d.tear(false)
		return false
	case !d.opens(n, key):
		if d.dropped.Load() {
			t.lost.Add(1)
		}
		return true
	case !t.put(piece{kind: picture, id: id, key: key, at: at}, au):
		d.tear(true)
		return true
	}
	return false
}

// Sound takes a packet.
func (t *tracks) Sound(id string, packet []byte, at mcu.Instant) {
	if t.media && len(packet) > 0 && !t.shut.Load() {
		t.put(piece{kind: sound, id: id, at: at}, packet)
	}
}

// put queues a piece, unless there is no room for it, which is counted.
func (t *tracks) put(p piece, data []byte) bool {
	if t.held.Add(int64(len(data))) > tracksBytes && len(data) > 0 {
		t.held.Add(-int64(len(data)))
		t.lost.Add(1)
		return false
	}
	select {
	case place := <-t.pool(p.kind):
		p.data = append(place.data[:0], data...)
		*place = p
		t.full <- place // there is room for all
		return true
	default:
		t.held.Add(-int64(len(data)))
		t.lost.Add(1)
		return false
	}
}

// give gives a piece back, without the memory that few are in need of.
func (t *tracks) give(p *piece) {
	t.held.Add(-int64(len(p.data)))
	if cap(p.data) > keptBytes {
		p.data = nil
	}
	t.pool(p.kind) <- p
}

// pool is where free pieces of a kind are.
func (t *tracks) pool(kind pieceKind) chan *piece {
	if kind == joined || kind == left {
		return t.callers
	}
	return t.free
}

// run writes until stop is closed.
func (t *tracks) run() {
	defer close(t.done)
	for {
		select {
		case p := <-t.full:
			t.try(p)
			t.give(p)
		case <-t.stop:
			for len(t.full) > 0 {
				t.try(<-t.full)
			}
			for _, f := range t.feeds {
				t.close(f)
			}
			t.publish()
			return
		}
	}
}

// try takes a piece. It is a stranger's: whatever it breaks ends his tracks alone.
func (t *tracks) try(p *piece) {
	defer func() {
		if what := recover(); what != nil {
			if f := t.feeds[p.id]; f != nil {
				f.waiting = nil
				err := fmt.Errorf("panic: %v", what)
				t.end(f, &f.video, err)
				t.fail(f, &f.audio, err)
			}
		}
	}()
	t.take(p)
}

func (t *tracks) take(p *piece) {
	if !t.begun {
		t.begun = true
		t.zero.Store(int64(p.at.Arrived))
	}
	f := t.feeds[p.id]
	switch {
	case p.kind == joined:
		if f != nil {
			t.past = append(t.past, f)
		}
		t.feeds[p.id] = &feed{
			Person: Person{ID: p.id, Name: p.name, Joined: t.seconds(p.at.Arrived)},
			order:  len(t.feeds) + len(t.past),
		}
		t.publish()
	case f == nil: // who is gone, or whose coming was lost
	case p.kind == left:
		f.Left = t.seconds(p.at.Arrived)
		t.close(f)
		t.publish()
	case p.kind == picture:
		t.picture(f, p)
	default:
		t.sound(f, p)
	}
}

// seconds is an instant of the room's clock on the time line.
func (t *tracks) seconds(at time.Duration) float64 {
	return (at - time.Duration(t.zero.Load())).Seconds()
}

// publish makes the time line as it is now everybody's.
func (t *tracks) publish() {
	all := slices.Clone(t.past)
	for _, f := range t.feeds {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *feed) int { return cmp.Compare(a.order, b.order) })
	people := make([]Person, len(all))
	for i, f := range all {
		people[i] = f.Person
		people[i].Tracks = slices.Clone(f.Tracks)
	}
	t.people.Store(&people)
	t.changed()
}
