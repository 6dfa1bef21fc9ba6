package room

import (
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
)

// Handle is a room for those who take its media: recorders, outputs, broadcasts. It is safe
// for concurrent use. The room may end while somebody has a handle of it; then it does
// nothing, and Ended is closed.
type Handle struct{ room *Room }

// Ended is closed when the room has ended.
func (h *Handle) Ended() <-chan struct{} { return h.room.ended }

// AudioChannels is how many channels the mix that sinks take has, 1 or 2. It never changes.
func (h *Handle) AudioChannels() int {
	if h.room.env.Stereo {
		return 2
	}
	return 1
}

// Attach gives the room's mix to a sink until the room ends or detach is called. As long
// the room is drawn and mixed even if nobody watches or listens. Detach returns at once;
// it may be called twice. ErrClosed says that the room has ended.
func (h *Handle) Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error) {
	a := &media.Attachment{Sink: sink, SinkOptions: o}
	l := h.room.loop
	if !h.room.call(func() { l.attach(a) }) {
		return nil, ErrClosed
	}
	return func() { h.room.post(func() { l.detach(a) }) }, nil
}

// Tap gives what participants send to a tap until untap is called or the room ends. Every
// camera that is on is asked for an IDR. ErrClosed says that the room has ended.
func (h *Handle) Tap(t media.Tap) (untap func(), err error) {
	l := h.room.loop
	if !h.room.call(func() { l.tap(t) }) {
		return nil, ErrClosed
	}
	return func() { h.room.post(func() { l.untap(t) }) }, nil
}

// AskKeyFrames asks every camera that is on for an IDR, for a tap that is to go on where
// no sender may send a picture soon that the tap could ask with.
func (h *Handle) AskKeyFrames() {
	h.room.post(func() { h.room.loop.askKeyFrames(time.Now()) })
}

// NotifyBroadcast tells all participants, and those who come later, whether the room is
// broadcast.
func (h *Handle) NotifyBroadcast(on bool) {
	h.room.post(func() { h.room.loop.notify.setBroadcast(on) })
}

// NotifyRecordings tells all participants, and those who come later, which recordings of
// the room there are.
func (h *Handle) NotifyRecordings(all []control.Recording) {
	h.room.post(func() { h.room.loop.notify.setRecordings(all) })
}
