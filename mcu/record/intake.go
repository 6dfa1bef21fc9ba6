package record

import (
	"sync/atomic"
	"time"

	"tilemix/mcu"
)

// intake takes the mix of a room for a recording, from its start to a pause, or
// from one pause to the next. It is a [mcu.Sink], so it waits for nobody.
type intake struct {
	queue *queue
	turn  int
	shut  atomic.Bool // what still comes is not wanted
	ended atomic.Bool
	wake  chan<- struct{}

	detach func() // guarded by recording.mu
}

// Video takes an access unit.
func (k *intake) Video(au []byte, key bool, at time.Duration) {
	if !k.shut.Load() {
		k.queue.picture(au, key, k.turn, at)
	}
}

// Audio takes a packet of sound.
func (k *intake) Audio(packet []byte, at time.Duration) {
	if !k.shut.Load() {
		k.queue.packet(packet, k.turn, at)
	}
}

// Ended ends the recording, unless it goes on by another intake.
func (k *intake) Ended() {
	k.ended.Store(true)
	rouse(k.wake)
}

func rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// attach has a room fill the recording by a new intake, in place of the one before.
func (r *recording) attach(rooms Rooms) error {
	r.mu.Lock()
	if r.queue == nil { // it ended meanwhile
		r.mu.Unlock()
		return ErrEnded
	}
	r.turn++
	before := r.intake
	k := &intake{queue: r.queue, turn: r.turn, wake: r.wake}
	r.intake = k
	r.mu.Unlock()

	detach, err := rooms.Attach(r.room, k, mcu.SinkOptions{KeyInterval: keyInterval})
	r.mu.Lock()
	over := err == nil && r.intake != k // it failed meanwhile, or was stopped
	if err != nil {
		r.intake = before
	} else {
		k.detach = detach
	}
	stopped := r.ends
	r.mu.Unlock()
	switch {
	case err != nil:
		rouse(r.wake) // the one before may have ended unseen
	case over || stopped:
		detach()
	}
	if err == nil && before != nil {
		before.detach()
	}
	return err
}

// left tells whether nothing more comes.
func (r *recording) left() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.intake != nil && !r.intake.ended.Load() {
		return false
	}
	r.intake = nil
	if !r.ends {
		r.ending = roomEnded
	}
	return true
}

// stop ends the recording. It returns at once; why is empty where somebody asked for it.
func (r *recording) stop(why string) {
	r.mu.Lock()
	k := r.intake
	if k == nil || r.ends {
		r.mu.Unlock()
		return
	}
	r.ends, r.ending = true, why
	k.shut.Store(true)
	detach := k.detach
	r.mu.Unlock()
	if detach != nil { // else attach will
		detach()
	}
}

// pause shuts the intake, which stays: so the room's end is heard of.
func (r *recording) pause() error {
	r.mu.Lock()
	switch {
	case r.intake == nil || r.ends:
		r.mu.Unlock()
		return ErrEnded
	case r.info.State == Paused:
		r.mu.Unlock()
		return nil
	}
	r.intake.shut.Store(true)
	r.tracks.shut.Store(true)
	r.info.resumed = r.size.Load() > 0
	info := r.move(Paused)
	r.mu.Unlock()
	rouse(r.wake)
	r.changed(info)
	return nil
}

// resume goes on by a new intake, which gets an IDR at once, as tracks of cameras do.
func (r *recording) resume(rooms Rooms) error {
	r.mu.Lock()
	switch {
	case r.intake == nil || r.ends:
		r.mu.Unlock()
		return ErrEnded
	case r.info.State != Paused:
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	if err := r.attach(rooms); err != nil {
		return err
	}
	r.mu.Lock()
	if r.info.State != Paused {
		r.mu.Unlock()
		return nil
	}
	next := Starting
	if r.size.Load() > 0 {
		next = Recording
	}
	r.tracks.shut.Store(false)
	info := r.move(next)
	r.mu.Unlock()
	rooms.AskKeyFrames(r.room)
	r.changed(info)
	return nil
}
