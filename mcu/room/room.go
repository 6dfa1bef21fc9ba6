package room

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/fonts"
	"tilemix/mcu/handshake"
	"tilemix/mcu/headroom"
	"tilemix/mcu/ingest"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/overlay"
	"tilemix/mcu/picture"
	"tilemix/mcu/policy"
	"tilemix/mcu/relay"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rules"
	"tilemix/mcu/scene"
	"tilemix/mcu/seats"
	"tilemix/mcu/session"
	"tilemix/mcu/sound"
	"tilemix/mcu/views/pool"
	"tilemix/mcu/worker"
	"tilemix/mixer/layout"
	"tilemix/mixer/motion"
)

// framesPerSeat bounds the pictures of a room: one shown, one in the slot, one being
// drawn, for each participant that may enter; and framesPerTile those that wait for their
// turn or their sound, for each that is seen.
const (
	framesPerSeat = 3
	framesPerTile = ingest.MaxHeld
	// sizesPerTile (3) is in how many more sizes a picture is kept for other views.
	sizesPerTile = 3
)

// The picture of a lobby has lobbyRate (5) pictures a second at most, in lobbyBitrate (300 kbit/s).
const lobbyRate, lobbyBitrate = 5, 300_000

var (
	// ErrNotFound is returned for a participant that is not in the room.
	ErrNotFound = errors.New("not found")
	// ErrTooOften is returned to a client that comes back again and again.
	ErrTooOften = errors.New("too often")
	// ErrLocked is returned to all but hosts when hosts have locked the room.
	ErrLocked = errors.New("room is locked: a host has to unlock it")
	// ErrClosed is returned when the room has ended.
	ErrClosed = session.ErrClosed
)

// Env is what rooms need of their server. All rooms share it.
type Env struct {
	API             *rtc.API
	Relay           *relay.Remote // that picture and sound are pulled by; nil: the room mixes them
	Codecs          media.VideoCodecs
	Voices          *worker.Batch // that decodes the room's microphones; nil: this process does
	Handshakes      *handshake.Priority
	DecodeSlot      chan struct{} // holds one for each camera that decodes now
	Headroom        *headroom.Headroom
	Epoch           time.Time                               // of all timestamps; zero: of each room, when it is made
	Size            image.Point                             // of the canvas, pixels, even
	Rungs           []ladder.Rung                           // that viewers may have
	FrameRate       int                                     // pictures a second
	AudioBitrate    int                                     // bits a second
	KeepLoudness    bool                                    // of each voice
	Stereo, Spatial bool                                    // sound has two channels; in them, voices are where their tiles are
	Layout          string                                  // that a room begins with
	Transition      motion.Transition                       // how tiles come to other places
	Layouts         func(name string) (layout.Layout, bool) // by name; nil: those of package layout
	MaxTiles        int
	Views           *pool.Allotment // of views beside the rooms' own
	Fonts           *fonts.Library  // of texts that the font in the binary lacks
	MaxParticipants int
	Locked          bool                           // nobody but hosts comes in, until the room's rules hold and say whether
	Overlays        func(room string) overlay.Sets // that a call begins with; may block. It may be nil
	ICEServers      func() []control.ICEServer     // that clients are told of
	Emit            func(event.Event)              // tells the outside; must not block
	Spans           func(event.Span)               // for traces; must not block. It may be nil
	// Ban keeps a client out of a room. Decided is told what hosts did and were refused. CleanName
	// returns a name as others may see it, or why it cannot be one; the first name in a script reads
	// a font. The others may not block.
	Ban       func(room string, b policy.Ban)
	Decided   func(policy.Ruling)
	Code      func(error) string // of an error, for programs; "": it has none of its own. It may be nil
	CleanName func(string) (string, error)
	File      func(room, id string) (control.ChatFile, error) // that was uploaded for a room; nil: none can be
	// Beyond does what commands of hosts say that reach beyond the room, and may block.
	Beyond func(room string, command control.Message) error
	// Waiting returns those in the lobby of a room. Queued is told that they are others than before, and may block.
	Waiting  func(room string) []scene.Waiter
	Queued   func(room string)
	Seats    *seats.Seats // that are to outlast a crash; nil: none
	Sessions *session.Metrics
	Pictures *picture.Metrics
	Sounds   *sound.Metrics
	Log      *slog.Logger
}

// Room is one call. It is safe for concurrent use. The goroutine that calls Run owns its loop.
type Room struct {
	name  string
	lobby bool // members wait here to be let into the room of that name
	env   Env
	log   *slog.Logger
	epoch time.Time // of all timestamps
	pool  *yuv.Pool

	calls  chan func()
	ended  chan struct{} // the loop has ended
	chain  *scene.Chain
	taps   atomic.Pointer[[]media.Tap]
	locked atomic.Bool // nobody but hosts comes in
	over   atomic.Bool // a host has ended the call, and nobody came since

	pictures *picture.Clock
	sounds   *sound.Clock
	loop     *loop
}

// New returns a room that nobody is in.
func New(name string, env Env) (*Room, error) { return build(name, env, false) }

// NewLobby returns the lobby of a room, in which nobody waits. Its members receive a picture that says so, at lobbyRate,
// and no sound. They neither see nor hear each other, and nothing of what they send is decoded. It has no events but that
// somebody waits.
func NewLobby(of string, env Env) (*Room, error) {
	env.FrameRate = lobbyRate
	env.Rungs = []ladder.Rung{{Size: env.Size, FrameRate: lobbyRate, Bitrate: lobbyBitrate, Every: 1}, {}}
	return build(of, env, true)
}

func build(name string, env Env, lobby bool) (*Room, error) {
	if env.Layouts == nil {
		env.Layouts = layout.ByName
	}
	if env.Epoch.IsZero() {
		env.Epoch = time.Now()
	}
	r := &Room{
		name: name, lobby: lobby, env: env, epoch: env.Epoch, log: env.Log.With("room", name),
		pool:  yuv.NewPool(framesPerSeat*(env.MaxParticipants+sizesPerTile*env.MaxTiles) + framesPerTile*env.MaxTiles),
		calls: make(chan func(), 64), ended: make(chan struct{}),
		chain: scene.NewChain(),
	}
	r.locked.Store(env.Locked)
	report, title := reporter{r}, ""
	if lobby {
		title, r.log = name, r.log.With("lobby", true)
	}
	var err error
	r.pictures, err = picture.NewClock(picture.Env{
		Epoch: r.epoch, Size: env.Size, Rungs: env.Rungs, FrameRate: env.FrameRate, Fonts: env.Fonts, Lobby: title, Sound: env.AudioBitrate,
		Codecs: env.Codecs, Relay: env.Relay, Headroom: env.Headroom, Reporter: report, Metrics: env.Pictures, Log: r.log,
	}, r.chain)
	if err != nil {
		return nil, err
	}
	r.sounds = sound.NewClock(sound.Env{
		Epoch: r.epoch, Bitrate: env.AudioBitrate, Stereo: env.Stereo, Spatial: env.Spatial, KeepLoudness: env.KeepLoudness, Voices: env.Voices, Relay: env.Relay, Reporter: report, Metrics: env.Sounds,
	}, r.chain)
	r.loop = newLoop(r)
	return r, nil
}

// Run is the room's life. When ctx ends all participants leave.
func (r *Room) Run(ctx context.Context) {
	clocks, stop := context.WithCancel(context.Background())
	var ticking sync.WaitGroup
	ticking.Go(func() { r.pictures.Run(clocks) })
	ticking.Go(func() { r.sounds.Run(clocks) })
	r.loop.run(ctx, r.calls)
	close(r.ended)
	r.loop.leaving.Wait()
	stop()
	ticking.Wait()
	if n := r.pool.Live(); n > 0 {
		r.log.Error("pictures leaked", "frames", n)
	}
	if r.loop.begun {
		r.log.Info("room ends")
	}
}

// post has the loop run f, soon. It returns false when the room has ended.
func (r *Room) post(f func()) bool {
	select {
	case r.calls <- f:
		return true
	case <-r.ended:
		return false
	}
}

// call has the loop run f and waits until it has. It returns false when the room ended
// first; then f has not run and will not.
func (r *Room) call(f func()) bool {
	done := make(chan struct{})
	if !r.post(func() { f(); close(done) }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-r.ended:
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// Name returns the room's name.
func (r *Room) Name() string { return r.name }

// Ended is closed when the room has ended.
func (r *Room) Ended() <-chan struct{} { return r.ended }

// Scene returns the newest scene.
func (r *Room) Scene() *scene.Scene { return r.chain.Newest() }

// Over tells whether a host, or the room's rules, ended the call and nobody came since.
func (r *Room) Over() bool { return r.over.Load() }

// Locked tells whether the room takes nobody but hosts.
func (r *Room) Locked() bool { return r.locked.Load() }

// Act does what a command of a program with a grant says. Errors are those that a participant would be told.
func (r *Room) Act(grant policy.Grant, command control.Message) error {
	err := ErrClosed
	r.call(func() { err = r.loop.try(actor{grant: grant}, command) })
	return err
}

// Tell sends a message to all in the room, soon.
func (r *Room) Tell(m control.Message) { r.post(func() { r.loop.notify.everybody(m) }) }

// Govern has the rules of the room hold for the call: its lock, its chat, and what happens when hosts leave.
func (r *Room) Govern(by rules.Terms) {
	r.post(func() {
		r.loop.moderator.leaves, r.loop.overlays.state.Room = by.HostLeaves, by.Called(r.name)
		r.loop.talk.keep(by.ChatHistory || r.loop.talk.past.Kept)
		r.loop.moderator.restore(r.env.Seats.Was(r.name, time.Now()), by.Lock)
	})
}

// LobbyChanged says that others wait in the room's lobby than before. Hosts are told soon.
func (r *Room) LobbyChanged() { r.post(r.loop.lookout.changed) }

// EndsAt says when the call ends, or the server (zero: not soon), for the pictures of the room.
func (r *Room) EndsAt(at time.Time, server bool) { r.post(func() { r.loop.overlays.ends(at, server) }) }

// Frames returns how many pictures the room holds in memory.
func (r *Room) Frames() int { return r.pool.Live() }

// Handle returns the room for those who take its media.
func (r *Room) Handle() *Handle { return &Handle{r} }

// tapped returns the taps.
func (r *Room) tapped() []media.Tap {
	if all := r.taps.Load(); all != nil {
		return *all
	}
	return nil
}

// Participant returns the participant whose session has an ID, or ErrNotFound.
func (r *Room) Participant(id string) (*Participant, error) {
	return r.who(func(m *member) bool { return m.session.ID() == id })
}

// Member returns the participant that the others know by an ID and that has a seat, or ErrNotFound.
func (r *Room) Member(publicID string) (*Participant, error) {
	return r.who(func(m *member) bool { return m.seated && m.session.PublicID() == publicID })
}

// who returns the first participant that is meant.
func (r *Room) who(is func(*member) bool) (found *Participant, err error) {
	r.call(func() {
		if m := r.loop.find(is); m != nil {
			found = m.participant
		}
	})
	if found == nil {
		return nil, fmt.Errorf("participant: %w", ErrNotFound)
	}
	return found, nil
}
