// Package revive has what was under way in a server that crashed go on in the one that follows: recordings,
// broadcasts, outputs and inputs, as soon as their rooms begin again. Package seats does the same for participants.
//
//	API ─▶ Links, Broadcasts ─▶ journal          the server before ─▶ journal ─▶ Revival ─▶ gateway, broadcaster
//	                                             rooms that begin ─▶ Post ──────┘ └▶ recorder, which reads its own files
package revive

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tilemix/mcu/broadcast"
	"tilemix/mcu/event"
	"tilemix/mcu/folder"
	"tilemix/mcu/gateway"
	"tilemix/mcu/journal"
	"tilemix/mcu/seats"
)

const (
	// reach (10 min) is how long a server may have been away for what was under way to go on.
	reach = 10 * time.Minute
	// waiting (1024) rooms may have begun and wait for what goes on in them.
	waiting = 1024
	// trying (20 s) is how long the beginning of an output may take.
	trying = 20 * time.Second
)

// Folder is the folder of the journal in the data folder.
const Folder = "journal"

// Recorder is what a Revival needs of [tilemix/mcu/record.Recorder].
type Recorder interface {
	Continue(room string) error
	Waive(room string)
	Inherit(left map[string]json.RawMessage)
}

// Revival has the things go on. It is safe for concurrent use. Its only goroutine is Run's.
type Revival struct {
	Seats *seats.Seats // of participants, which outlast a crash too; nil: nothing does

	log   *slog.Logger
	lock  *os.File
	book  book
	left  estate
	began chan beginning
	gone  chan string   // rooms that go on at another node
	taken chan struct{} // what another server had; holds one

	mu    sync.Mutex
	until time.Time // rooms that begin before then go on

	recorder    Recorder
	links       *Links
	broadcaster *Broadcasts
}

// beginning is that of a room.
type beginning struct {
	room string
	late bool // for what was under way to go on
}

// Open reads what the server before has left in a data folder. If the folder cannot be written, or is
// another server's, nothing outlasts a crash of this one, and the log says so.
func Open(dataDir string, log *slog.Logger) *Revival {
	r := newRevival(log)
	dir := filepath.Join(dataDir, Folder)
	err := os.MkdirAll(dir, 0o750)
	if err == nil {
		r.lock, err = folder.Lock(dir)
	}
	if err != nil {
		log.Warn("after a crash, clients would not come back as who they were", "reason", err)
		return r
	}
	j, left, last, err := journal.Open(filepath.Join(dir, "journal.jsonl"), log)
	if err != nil {
		log.Error("what was under way before the crash is not known in full", "error", err)
	}
	if away := time.Since(last); len(left) > 0 {
		log.Warn("the server before was not stopped in order", "away", away.Round(time.Second), "kept", len(left))
		if away > reach {
			clear(left)
		}
	}
	r.left.add(left)
	r.book.journal, r.Seats = j, seats.New(j, left, time.Now())
	return r
}

func newRevival(log *slog.Logger) *Revival {
	return &Revival{
		log: log, until: time.Now().Add(seats.Grace),
		began: make(chan beginning, waiting), gone: make(chan string, waiting), taken: make(chan struct{}, 1),
	}
}

// Configure has a broadcaster keep where its broadcasts stand, and go on there.
func (r *Revival) Configure(cfg *broadcast.Config) {
	cfg.Journal, cfg.Left = r.book.journal, r.left.take
}

// Journal is what outlasts a crash; nil: nothing does.
func (r *Revival) Journal() *journal.Journal { return r.book.journal }

// Use says what is to go on by what. The caller calls it once, before Run, and gives the site what it
// returns, so that changes are kept.
func (r *Revival) Use(recorder Recorder, g *gateway.Gateway, b *broadcast.Broadcaster) (*Links, *Broadcasts) {
	r.recorder, r.links, r.broadcaster = recorder, &Links{g, &r.book}, &Broadcasts{b, &r.book}
	return r.links, r.broadcaster
}

// Follow has f get each change of what outlasts a crash, with a lock held. The caller calls it before Run.
func (r *Revival) Follow(f func(key string, value json.RawMessage)) {
	if r.book.journal != nil {
		r.book.journal.Follow(f)
	}
}

// Adopt has a room go on here that another server had, which is dead or gives it away: its clients, recordings,
// outputs, inputs and broadcast. runs tells that the room runs here already. It never blocks.
func (r *Revival) Adopt(room string, runs bool, left map[string]json.RawMessage) {
	r.inherit(left)
	select {
	case r.taken <- struct{}{}:
	default:
	}
	if runs {
		r.begin(room)
	}
}

// inherit takes what another server has left, for seats.Grace from now on. Nobody forgets it meanwhile.
func (r *Revival) inherit(left map[string]json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = time.Now().Add(seats.Grace)
	r.Seats.Adopt(left, time.Now())
	r.left.add(left)
	r.recorder.Inherit(left)
}

// begin has what was under way in a room go on, soon. Whether the room is too late is said now, because Run may be
// busy until it would be.
func (r *Revival) begin(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.began <- beginning{room, !time.Now().Before(r.until)}:
	default:
		r.log.Error("what was under way in a room does not go on: too many rooms begin", "room", room)
	}
}

// Gone ends the outputs and inputs of a room that goes on at another node, which has them begin there: two outputs
// cannot send to one place. It never blocks, and may be called again.
func (r *Revival) Gone(room string) {
	select {
	case r.gone <- room:
	default: // the other's tries go on until the room ends here
	}
}

// Post takes note of rooms that begin and end. It never blocks.
func (r *Revival) Post(e event.Event) {
	switch e.Type {
	case event.RoomStarted:
		r.begin(e.Room)
	case event.RoomEnded:
		r.book.end(e.Room)
	}
}

// Run has things go on in the rooms that begin within seats.Grace. It returns when ctx ends.
func (r *Revival) Run(ctx context.Context) error {
	over := time.NewTimer(r.rest())
	defer over.Stop()
	for {
		select {
		case b := <-r.began:
			r.resume(ctx, b)
		case room := <-r.gone:
			r.leave(ctx, room)
		case <-r.taken:
			over.Reset(r.rest())
		case <-over.C:
			if !r.expire(ctx) {
				over.Reset(r.rest())
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// rest returns for how long rooms that begin go on.
func (r *Revival) rest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.until)
}

// expire forgets what no room has taken that began in time. It tells false if there is more time.
func (r *Revival) expire(ctx context.Context) bool {
	if r.rest() > 0 {
		return false
	}
	for more := true; more; { // from now on, those that begin are late
		select {
		case b := <-r.began:
			r.resume(ctx, b)
		default:
			more = false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return false
	}
	r.left.clear()
	r.Seats.Expire()
	return true
}

// resume has all go on in a room that began in time. Else the recorder lets go of it.
func (r *Revival) resume(ctx context.Context, b beginning) {
	if b.late {
		r.recorder.Waive(b.room)
		return
	}
	r.revive(ctx, b.room)
}

// Keep writes what is to outlast a crash, until ctx ends, and then removes it: a server that stops in order
// leaves nothing. The caller ends it after all else.
func (r *Revival) Keep(ctx context.Context) error {
	if r.book.journal == nil {
		<-ctx.Done()
		return nil
	}
	defer r.lock.Close()
	return r.book.journal.Run(ctx)
}

// revive has all go on that was under way in a room.
func (r *Revival) revive(ctx context.Context, room string) {
	note := func(what string, err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.log.Warn("what was under way before the crash does not go on", "room", room, "what", what, "reason", err)
		}
	}
	note("recording", r.recorder.Continue(room))
	var was broadcast.Options
	if on := r.left.take(broadcastKey(room)); json.Unmarshal(on, &was) == nil {
		_, _, err := r.broadcaster.Start(room, was)
		note("broadcast", err)
	}
	for _, kind := range []gateway.Kind{gateway.Output, gateway.Input} {
		links := r.left.links(kind, room)
		for _, id := range slices.Sorted(maps.Keys(links)) {
			trial, cancel := context.WithTimeout(ctx, trying)
			note(name{kind, id}.key(), r.add(trial, kind, id, links[id]))
			cancel()
		}
	}
}

// add has an output or an input begin again, under its ID.
func (r *Revival) add(ctx context.Context, kind gateway.Kind, id string, was link) (err error) {
	if kind == gateway.Input {
		var o gateway.InputOptions
		if err = json.Unmarshal(was.Options, &o); err == nil {
			o.ID, o.From = id, was.From
			_, err = r.links.AddInput(ctx, was.Room, o)
		}
		return err
	}
	var o gateway.OutputOptions
	if err = json.Unmarshal(was.Options, &o); err == nil {
		o.ID, o.From = id, was.From
		_, err = r.links.AddOutput(ctx, was.Room, o)
	}
	return err
}
