package record

import (
	"sync/atomic"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/intake"
)

// mixQueue holds about seven seconds of a room's mix: a disk may stall for so long.
func mixQueue() intake.Config { return intake.Config{Pictures: 240, Packets: 350, Bytes: 16 << 20} }

// mixSink takes the mix of a room for a recording, from its start to a pause, or
// from one pause to the next. It is a [mcu.Sink], so it waits for nobody.
type mixSink struct {
	queue      *intake.Queue
	generation int
	shut       atomic.Bool // what still comes is not wanted
	ended      atomic.Bool
	wake       chan<- struct{}

	detach func() // guarded by recording.mu
}

// Video takes an access unit.
func (k *mixSink) Video(au []byte, key bool, at time.Duration) {
	if !k.shut.Load() {
		k.queue.Picture(k.generation, au, key, at)
	}
}

// Audio takes a packet of sound.
func (k *mixSink) Audio(packet []byte, at time.Duration) {
	if !k.shut.Load() {
		k.queue.Packet(k.generation, packet, at)
	}
}

// Ended ends the recording, unless it goes on by another sink.
func (k *mixSink) Ended() {
	k.ended.Store(true)
	rouse(k.wake)
}

func rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// attach has a room fill the recording by a new sink, in place of the one before.
func (r *recording) attach(rooms Rooms) error {
	r.mu.Lock()
	if r.queue == nil { // it ended meanwhile
		r.mu.Unlock()
		return ErrEnded
	}
	r.generation++
	before := r.sink
	k := &mixSink{queue: r.queue, generation: r.generation, wake: r.wake}
	r.sink = k
	r.mu.Unlock()

	detach, err := rooms.Attach(r.room, k, mcu.SinkOptions{KeyInterval: keyInterval})
	r.mu.Lock()
	over := err == nil && r.sink != k // it failed meanwhile, or was stopped
	if err != nil {
		r.sink = before
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
	if r.sink != nil && !r.sink.ended.Load() {
		return false
	}
	r.sink = nil
	if !r.ends {
		r.ending = roomEnded
	}
	return true
}

// stop ends the recording. It returns at once; why is empty where somebody asked for it.
func (r *recording) stop(why string) {
	r.mu.Lock()
	k := r.sink
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

// pause shuts the sink, which stays: so the room's end is heard of.
func (r *recording) pause() error {
	r.mu.Lock()
	switch {
	case r.sink == nil || r.ends:
		r.mu.Unlock()
		return ErrEnded
	case r.info.State == Paused:
		r.mu.Unlock()
		return nil
	}
	r.sink.shut.Store(true)
	r.tracks.shut.Store(true)
	r.info.resumed = r.size.Load() > 0
	info := r.move(Paused)
	r.mu.Unlock()
	rouse(r.wake)
	r.changed(info)
	return nil
}

// resume goes on by a new sink, which gets an IDR at once, as tracks of cameras do.
func (r *recording) resume(rooms Rooms) error {
	r.mu.Lock()
	switch {
	case r.sink == nil || r.ends:
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
