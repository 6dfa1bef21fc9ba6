package record

import (
	"errors"
	"sync/atomic"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/intake"
	"tilemix/mcu/media"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/views"
)

// keyInterval is the time between IDRs in a recording: where players can seek to, and how much a slow
// disk can cost.
const keyInterval = 4 * time.Second

// mixQueue holds about seven seconds of a room's mix: a disk may stall for so long.
func mixQueue() intake.Config { return intake.Config{Pictures: 240, Packets: 350, Bytes: 16 << 20} }

// mixSink takes the mix of a room for a recording, from its start to a pause, or from one pause to the
// next. It is a [media.Sink] and never blocks.
type mixSink struct {
	queue      *intake.Queue
	generation int
	shut       atomic.Bool // further units are not wanted
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

// Ended ends the recording, unless another sink has replaced this one.
func (k *mixSink) Ended() {
	k.ended.Store(true)
	rouse(k.wake)
}

// rouse has the recording's goroutine look for a pause or an end.
func rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// attach attaches a new sink to the room, in place of the one before.
func (r *recording) attach() error {
	r.mu.Lock()
	if r.queue == nil { // it ended meanwhile
		r.mu.Unlock()
		return ErrEnded
	}
	r.generation++
	before := r.sink
	k := &mixSink{queue: r.queue, generation: r.generation, wake: r.wake}
	r.sink = k
	o := media.SinkOptions{KeyInterval: keyInterval, View: r.view, Of: "recording " + r.id, Fallen: r.fell}
	r.mu.Unlock()

	detach, err := r.source.Attach(k, o)
	if before != nil && (errors.Is(err, views.ErrLimit) || errors.Is(err, mcu.ErrNotFound)) { // better another view than none
		r.log.Warn("recording has the room's view", "reason", err)
		detach, err = r.source.Attach(k, media.SinkOptions{KeyInterval: keyInterval})
		r.saw(views.Wish{})
	}
	r.mu.Lock()
	over := err == nil && r.sink != k // meanwhile it failed, or was stopped
	if err != nil {
		r.sink = before
	} else {
		k.detach = detach
	}
	stopped := r.ends
	r.mu.Unlock()
	switch {
	case err != nil:
		rouse(r.wake) // the sink before may have ended unseen
	case over || stopped:
		detach()
	}
	if err == nil && before != nil {
		before.detach()
	}
	return r.missing(err)
}

// saw notes what the mix shows from now on.
func (r *recording) saw(w views.Wish) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view, r.info.View, r.info.Notice = w, w.String(), ""
}

// fell notes that the mix shows the room's view from now on, because the server is too busy.
func (r *recording) fell(view string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view, r.info.View, r.info.Notice = views.Wish{}, views.Wish{}.String(), media.Fell(view)
}

// show changes what the mix shows. The file goes on.
func (r *recording) show(w views.Wish) error {
	r.mu.Lock()
	k := r.sink
	over := k == nil || r.ends
	r.mu.Unlock()
	if over {
		return ErrEnded
	}
	if err := r.source.SetView(k, w); err != nil {
		return err
	}
	r.saw(w)
	r.ledger.Save()
	return nil
}

// left says that nothing more comes.
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

// stop ends the recording. It returns at once. why is empty if a client stopped it.
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

// pause shuts the sink, which stays attached, because the room's end has to end the recording.
func (r *recording) pause() error {
	r.mu.Lock()
	switch {
	case r.sink == nil || r.ends:
		r.mu.Unlock()
		return ErrEnded
	case r.info.State == sidecar.Paused:
		r.mu.Unlock()
		return nil
	}
	r.sink.shut.Store(true)
	r.tracks.paused.Store(true)
	r.again = r.mix.size.Load() > 0
	info, again := r.move(sidecar.Paused), r.again
	r.mu.Unlock()
	rouse(r.wake)
	r.publish(info, again)
	return nil
}

// resume attaches a new sink, which gets an IDR at once, as do the tracks of cameras.
func (r *recording) resume() error {
	r.mu.Lock()
	switch {
	case r.sink == nil || r.ends:
		r.mu.Unlock()
		return ErrEnded
	case r.info.State != sidecar.Paused:
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	if err := r.attach(); err != nil {
		return err
	}
	r.mu.Lock()
	if r.info.State != sidecar.Paused {
		r.mu.Unlock()
		return nil
	}
	next := sidecar.Starting
	if r.mix.size.Load() > 0 {
		next = sidecar.Recording
	}
	r.tracks.paused.Store(false)
	info, again := r.move(next), r.again
	r.mu.Unlock()
	r.source.AskKeyFrames()
	r.publish(info, again)
	return nil
}
