package record

import (
	"errors"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
)

// Errors of a Recorder, beside those of package mcu.
var (
	// ErrStorage is returned if the folder takes no file.
	ErrStorage = errors.New("recordings cannot be stored")
	// ErrEnded is returned for a change of a recording that has ended.
	ErrEnded = errors.New("the recording has ended")
	// ErrTooMany is returned if Config.MaxTotal recordings run.
	ErrTooMany = errors.New("too many recordings at a time")
	// ErrNoEncoder is returned if AAC is wanted and FFmpeg is not installed.
	ErrNoEncoder = errors.New("no AAC encoder")
)

// Config is how recordings are made. Start from Default.
type Config struct {
	Dir      string // of all files; the Recorder makes it if it is missing
	Audio    string // codec: opus, as the room sends it, or aac, which FFmpeg encodes
	MaxTotal int    // most recordings at a time
	// Events gets an event when a recording begins to grow, and when it ends. It must not block. nil:
	// there are none.
	Events func(event.Event)
}

// Default records Opus into ./data.
func Default() Config { return Config{Dir: "data", Audio: "opus", MaxTotal: 20} }

// Options are the wishes for one recording.
type Options struct {
	// Tracks adds a file of each camera and each microphone.
	Tracks bool `json:"tracks"`
}

// handle is what a recording needs of its room: a [room.Handle].
type handle interface {
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	Tap(t media.Tap) (untap func(), err error)
	AskKeyFrames()
	NotifyRecordings(all []control.Recording)
}

// rooms is what a Recorder needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
}
