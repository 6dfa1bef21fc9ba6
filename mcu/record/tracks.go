package record

import (
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/mcu/media"
)

const (
	// queuedTracks is how many access units and packets of all participants may wait: two seconds of
	// a hundred that speak and are seen. So long it may take to make all their files.
	queuedTracks = 16_000
	// queuedPeople is how many comings and goings may wait. They have a pool of their own, because
	// nothing of a participant is written whose coming was dropped.
	queuedPeople = 1000
	tracksBytes  = 32 << 20 // of all pieces
	keptBytes    = 64 << 10 // of memory that waits for its next use
	// reorder is how long packets of sound wait for late ones.
	reorder = 300 * time.Millisecond
)

// piece is something of a participant on its way to the time line.
type piece struct {
	kind pieceKind
	id   string
	name string
	data []byte
	from *memory // of data; nil: data is empty, or a test's
	key  bool
	at   media.Time
}

// memory is used by one piece after another. It belongs to a pool, which the garbage collector empties, and
// not to a piece, because in thousands of pieces each would keep a key frame's.
type memory struct{ data []byte }

type pieceKind int

const (
	joined pieceKind = iota
	left
	picture
	sound
)

// tracks takes what participants send, as it came, and hands it to a timeline. It is a [media.Tap]. Its
// goroutine, run, owns the timeline.
type tracks struct {
	*timeline
	media   bool // false: the time line alone is written
	full    chan *piece
	free    chan *piece // for media
	callers chan *piece // for comings and goings
	paused  atomic.Bool
	held    atomic.Int64 // bytes of pieces
	spare   sync.Pool    // of *memory
	gates   sync.Map     // *keyframeGate of each camera, by its participant's ID; read without a lock
	untap   func()
	stop    chan struct{}
	done    chan struct{}
}

func newTracks(line *timeline, media bool) *tracks {
	most := 0
	if media {
		most = queuedTracks
	}
	t := &tracks{
		timeline: line, media: media,
		full: make(chan *piece, most+queuedPeople), free: make(chan *piece, most), callers: make(chan *piece, queuedPeople),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	all := make([]piece, most+queuedPeople)
	for i := range all[:most] {
		t.free <- &all[i]
	}
	for i := range all[most:] {
		t.callers <- &all[most+i]
	}
	return t
}

// Joined puts a participant on the time line.
func (t *tracks) Joined(id, name string, at time.Duration) {
	t.put(piece{kind: joined, id: id, name: name, at: media.Time{Arrived: at}}, nil)
}

// Left ends a participant's part of the time line.
func (t *tracks) Left(id string, at time.Duration) {
	t.put(piece{kind: left, id: id, at: media.Time{Arrived: at}}, nil)
}

// Picture takes an access unit. Only H.264 goes into files. If some are missing, the file needs an
// IDR, and the access units before it are left out.
func (t *tracks) Picture(id string, kind codec.Kind, n uint64, au []byte, key bool, at media.Time) (needKey bool) {
	if !t.media || kind != codec.H264 {
		return false
	}
	g := t.gate(id)
	switch {
	case t.paused.Load():
		g.shut(false)
		return false
	case !g.opens(n, key):
		if g.dropped.Load() {
			t.lost.Add(1)
		}
		return true
	case !t.put(piece{kind: picture, id: id, key: key, at: at}, au):
		g.shut(true)
		return true
	}
	return false
}

// Sound takes a packet.
func (t *tracks) Sound(id string, packet []byte, at media.Time) {
	if t.media && len(packet) > 0 && !t.paused.Load() {
		t.put(piece{kind: sound, id: id, at: at}, packet)
	}
}

// gate returns the gate of a participant's camera.
func (t *tracks) gate(id string) *keyframeGate {
	g, ok := t.gates.Load(id)
	if !ok {
		g, _ = t.gates.LoadOrStore(id, &keyframeGate{})
	}
	return g.(*keyframeGate)
}

// put queues a piece. If there is no room, the piece is dropped and counted.
func (t *tracks) put(p piece, data []byte) bool {
	if t.held.Add(int64(len(data))) > tracksBytes && len(data) > 0 {
		t.held.Add(-int64(len(data)))
		t.lost.Add(1)
		return false
	}
	select {
	case place := <-t.pool(p.kind):
		if len(data) > 0 {
			p.from, _ = t.spare.Get().(*memory)
			if p.from == nil {
				p.from = &memory{}
			}
			p.data = append(p.from.data[:0], data...)
		}
		*place = p
		t.full <- place // never blocks: it has room for all pieces
		return true
	default:
		t.held.Add(-int64(len(data)))
		t.lost.Add(1)
		return false
	}
}

// give returns a piece to its pool, and its memory, unless that is large, because few pieces need so
// much.
func (t *tracks) give(p *piece) {
	t.held.Add(-int64(len(p.data)))
	if p.from != nil && cap(p.data) <= keptBytes {
		p.from.data = p.data
		t.spare.Put(p.from)
	}
	p.data, p.from = nil, nil
	t.pool(p.kind) <- p
}

// pool returns the free pieces of a kind.
func (t *tracks) pool(kind pieceKind) chan *piece {
	if kind == joined || kind == left {
		return t.callers
	}
	return t.free
}

// run writes until stop is closed, then what still waits.
func (t *tracks) run() {
	defer close(t.done)
	for {
		select {
		case p := <-t.full:
			t.take(p)
			t.give(p)
		case <-t.stop:
			for len(t.full) > 0 {
				t.take(<-t.full)
			}
			t.close()
			return
		}
	}
}

// keyframeGate lets access units of a camera through that can be decoded with what is in the file. It
// is used by the goroutine of the camera's track; while a sender replaces its track, two goroutines
// may use it for a moment.
type keyframeGate struct {
	number  atomic.Uint64 // of the last access unit
	whole   atomic.Bool   // the next access unit can be decoded with what is in the file
	dropped atomic.Bool   // it cannot, because the disk was too slow
}

// opens lets an access unit through, or not. n is its number.
func (g *keyframeGate) opens(n uint64, key bool) bool {
	follows := g.number.Swap(n)+1 == n
	if key {
		g.dropped.Store(false)
	}
	whole := key || follows && g.whole.Load()
	g.whole.Store(whole)
	return whole
}

// shut closes the gate up to the next key frame.
func (g *keyframeGate) shut(dropped bool) {
	g.whole.Store(false)
	g.dropped.Store(dropped)
}
