package session

import (
	"log/slog"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/handshake"
	"tilemix/mcu/headroom"
	"tilemix/mcu/media"
	"tilemix/mcu/presence"
	"tilemix/mcu/rtc"
	"tilemix/mcu/worker"
)

// Env is what a session needs of the server, and of the room that it begins in.
type Env struct {
	API        *rtc.API
	Handshakes *handshake.Priority
	DecodeSlot chan struct{} // holds one for each camera that decodes now
	Headroom   *headroom.Headroom
	Stereo     bool      // rooms mix two channels of sound
	Epoch      time.Time // of the timestamps of all rooms
	Metrics    *Metrics
	Spans      func(event.Span) // for traces; must not block. It may be nil
	Ground
}

// Ground is what a session has of the room that it is in.
type Ground struct {
	Pool   *yuv.Pool         // of the room's pictures
	Codecs media.VideoCodecs // that decode the room's cameras
	Voices *worker.Batch     // that decodes the room's microphones; nil: this process does
	// Taps are those of the room. Any goroutine may call it.
	Taps func() []media.Tap
	Log  *slog.Logger // of the room
}

// footing is the ground that a session stands on. It never changes.
type footing struct {
	Ground
	log *slog.Logger // the session's own
}

// Events are what a session tells its room. None may be nil.
type Events struct {
	// Post has the room's loop run f, soon. Call waits until it has. Both return false when
	// the room has ended; then f is not run.
	Post, Call func(f func()) bool
	// KeyFrame says that the client asked for a key frame. Any goroutine may call it.
	KeyFrame func()

	// The room's loop calls the rest.

	Connected     func()            // the media connection stands
	Disconnected  func(failed bool) // it failed, or was closed
	ControlOpened func()            // the client opened a data channel for control messages
	ControlClosed func()            // that channel has closed
	Command       func(control.Message)
	Rejected      func(error) // a message of the client was none
	Present       func() bool // the participant is in the room
	SetCamera     func(*Cam)  // this is the participant's camera from now on
	SetMicrophone func(*Mic)  // likewise
	EndCamera     func(*Cam)  // this one ended
	EndMicrophone func(*Mic)  // likewise
}

// Options say what a session is like.
type Options struct {
	Name      string
	Viewer    bool // only receives
	Resumable bool // may come back
	Injected  bool // has no connection: what it sends is played
	Away      bool // its client is on another machine
	Origin    presence.Origin
	Rung      int // that it receives whatever its path carries, from 1; 0: none
	// ID and Token are those of a client that comes back after a crash of the server; "": new ones.
	ID, Token string
}
