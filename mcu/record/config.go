package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/folder"
	"tilemix/mcu/journal"
	"tilemix/mcu/media"
	"tilemix/mcu/record/retention"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rules"
	"tilemix/mcu/views"
)

// Errors of a Recorder, beside those of package mcu.
var (
	// ErrStorage is returned if the folder takes no file.
	ErrStorage = errors.New("recordings cannot be stored")
	// ErrEnded is returned for a change of a recording that has ended.
	ErrEnded = errors.New("the recording has ended")
	// ErrRunning is returned for a recording that is to be removed and has not ended.
	ErrRunning = errors.New("the recording runs: end it first")
	// ErrTooMany is returned if Config.MaxTotal recordings run.
	ErrTooMany = errors.New("too many recordings at a time")
	// errTaken is why a recording failed whose file is not in its place any more.
	errTaken = errors.New("the file was taken away while it grew. Leave the folder of --data-dir in its place")
	// ErrNoEncoder is returned if AAC is wanted and FFmpeg is not installed.
	ErrNoEncoder = errors.New("no AAC encoder")
)

// Config is how recordings are made. Start from Default.
type Config struct {
	Dir   string // of all files; the Recorder makes it if it is missing
	Audio string // codec: opus, as the room sends it, or aac, which FFmpeg encodes
	Ceilings
	// Rules returns what was decided about a room. nil: nothing was.
	Rules func(room string) (rules.Terms, error)
	// Events gets an event when a recording begins to grow, and when it ends. It must not block. nil:
	// there are none.
	Events func(event.Event)
	// Spans gets the time of each recording when it ends. It must not block. It may be nil.
	Spans func(event.Span)
	// Journal keeps which recordings run, for another server at which their room goes on. nil: none does.
	Journal *journal.Journal
	// Cell locks FFmpeg in, which makes the AAC. nil: nothing does.
	Cell *ffmpeg.Cell
}

// Ceilings are of all recordings, and may change while a Recorder runs.
type Ceilings struct {
	MaxTotal int // most recordings at a time
	MaxRoom  int // most recordings of one room at a time; 0: as MaxTotal
	// MaxLength is how long a recording runs at most, pauses included; 0: as long as its room.
	MaxLength time.Duration
	// MinFree is the least free space of the disk, in bytes, below which recordings end and none
	// begins; 0: there is none, Share: it is a share of the disk.
	MinFree int64
	// Keep says which recordings stay. Those of the folder that do not are deleted
	// once a minute, and when a recording has ended.
	Keep retention.Keeping
}

// bounds are the Ceilings of now. It is safe for concurrent use.
type bounds struct {
	now     atomic.Pointer[Ceilings]
	rebound chan struct{} // holds one
}

func newBounds(b Ceilings) *bounds {
	l := &bounds{rebound: make(chan struct{}, 1)}
	l.now.Store(&b)
	return l
}

// Bound sets other bounds. Those of Keep and MinFree hold for recordings that are there too, and MaxLength
// for those that run.
func (l *bounds) Bound(b Ceilings) {
	l.now.Store(&b)
	l.nudge()
}

// nudge has the recorder look at once which recordings stay.
func (l *bounds) nudge() {
	select {
	case l.rebound <- struct{}{}:
	default:
	}
}

// Share is a MinFree of 2 % of the disk, and of 1 GiB at most.
const Share = -1

// Default records Opus into ./data, up to a full disk.
func Default() Config {
	return Config{Dir: "data", Audio: "opus", Ceilings: Ceilings{MaxTotal: 20, MaxRoom: 5, MaxLength: 12 * time.Hour}}
}

// space says that the disk of a folder has too little room for recordings; "": it has enough, or the system
// does not say.
func (l *bounds) space(dir string) string {
	least := l.now.Load().MinFree
	if least == 0 {
		return ""
	}
	free, size, err := folder.Free(dir)
	if least == Share {
		least = min(size/50, 1<<30)
	}
	if err != nil || free >= least {
		return ""
	}
	return fmt.Sprintf("the disk has %s MiB free, and recordings leave %s (--min-free). Delete files, or choose another disk with --data-dir", mebibytes(free), mebibytes(least))
}

// mebibytes writes a number of bytes in MiB, with a decimal if there are few.
func mebibytes(n int64) string {
	if n < 10<<20 {
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64)
	}
	return strconv.FormatInt(n>>20, 10)
}

// Options are the wishes for one recording.
type Options struct {
	// Tracks adds a file of each camera and each microphone.
	Tracks bool `json:"tracks"`
	// View is what the mix shows; zero: the room's view.
	View views.Wish `json:"view,omitzero"`

	// Request is the ID of the request that begins it, for the log; "": none does.
	Request string `json:"-"`

	after *sidecar.Info // the part before, which a crash has cut off; nil: there is none
}

// describe notes the options in what is known of a recording.
func (o Options) describe(i *sidecar.Info) {
	i.Request = o.Request
	i.Options, _ = json.Marshal(o) // it has no fields that could fail
	if o.after != nil {
		i.Part, i.Of = max(o.after.Part, 1)+1, o.after.First()
	}
}

// named is what each line of the log says of a recording.
func (o Options) named(room, id string) []any {
	names := []any{"room", room, "recording", id}
	if o.Request != "" {
		names = append(names, "request", o.Request)
	}
	return names
}

// handle is what a recording needs of its room: a [room.Handle].
type handle interface {
	AudioChannels() int
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	SetView(sink media.Sink, w views.Wish) error
	Tap(t media.Tap) (untap func(), err error)
	AskKeyFrames()
	NotifyRecordings(all []control.Recording)
}

// rooms is what a Recorder needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
}
