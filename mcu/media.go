package mcu

import (
	"fmt"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
)

// What those use who take a room's media, or bring some; see package media.
type (
	Sink        = media.Sink
	SinkOptions = media.SinkOptions
	Tap         = media.Tap
	Instant     = media.Time
	Source      = media.Source
)

// Attach gives a room's mix to a sink, see [room.Handle.Attach].
func (s *Server) Attach(room string, sink Sink, o SinkOptions) (detach func(), err error) {
	h, err := s.Room(room)
	if err == nil && o.Of != nil && o.Of != h.Ended() {
		err = ErrClosed
	}
	if err == nil {
		if detach, err = h.Attach(sink, o); err == nil {
			return detach, nil
		}
	}
	return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
}

// Watch returns a channel that is closed when the room has ended which has the name now.
func (s *Server) Watch(room string) (ended <-chan struct{}, err error) {
	h, err := s.Room(room)
	if err != nil {
		return nil, err
	}
	return h.Ended(), nil
}

// Tap gives what participants of a room send to a tap, see [room.Handle.Tap].
func (s *Server) Tap(room string, t Tap) (untap func(), err error) {
	h, err := s.Room(room)
	if err != nil {
		return nil, err
	}
	if untap, err = h.Tap(t); err != nil {
		return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	return untap, nil
}

// AskKeyFrames asks every camera of a room for an IDR.
func (s *Server) AskKeyFrames(room string) {
	if h, err := s.Room(room); err == nil {
		h.AskKeyFrames()
	}
}

// TellBroadcast tells all in a room whether it is broadcast.
func (s *Server) TellBroadcast(room string, on bool) {
	if h, err := s.Room(room); err == nil {
		h.NotifyBroadcast(on)
	}
}

// TellRecordings tells all in a room which recordings of it there are.
func (s *Server) TellRecordings(room string, all []control.Recording) {
	if h, err := s.Room(room); err == nil {
		h.NotifyRecordings(all)
	}
}
