// Package scene is what a room's clocks read: immutable snapshots of who is in the room,
// what they send, and who receives which view.
//
//	room's loop ──▶ Chain.Publish ──▶ Scene ──▶ Scene ──▶ Scene
//	                                    ▲                   ▲
//	                             Cursor of one clock   Cursor of the other
//
// Scenes form a chain. The room's loop publishes the next scene after each change, and
// each clock walks the chain by a Cursor of its own. So each clock sees every scene once
// and lets go of what has departed. A scene holds values and small handles (package
// media); a clock keeps its own state by the IDs in it.
package scene

import (
	"image"
	"sync/atomic"
	"time"

	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/quality"
	"tilemix/mcu/silence"
	"tilemix/mcu/views"
	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// Scene is a room at one time. It never changes once it is published.
type Scene struct {
	Members   []Member   // all who are in the room, in order of joining
	Sources   []Source   // what those who are no viewers publish, in the same order, a screen after its camera
	Views     []View     // what is drawn; the first is the room's own
	Viewers   []Viewer   // those who receive a picture
	Listeners []Listener // those who send or receive sound, or may
	Sinks     []*media.Attachment
	SinkViews []int // SinkViews[i] is the index in Views of what Sinks[i] takes; nil: the first
	Overlays  overlay.State
	Waiting   []Waiter   // of a lobby: those who wait, in order. It has no members, sources and sound
	Departed  []Departed // since the scene before

	next       atomic.Pointer[Scene]
	superseded chan struct{} // closed when next is there
}

// Member is a participant as everybody sees it.
type Member struct {
	ID, Name     string
	Viewer       bool // receives only, and has no tile
	Role         policy.Role
	Hand         int    // place among the raised hands, from 1; 0: it is down
	Spotlight    bool   // a host has put it in front
	Muted        bool   // the participant switched its microphone off
	NoMicrophone bool   // it sends no sound
	CameraOff    bool   // it switched its camera off, or sends no picture
	Screen       bool   // it shares a screen
	Speaking     bool   // it is heard now
	Floor        bool   // it is the speaker that layouts put in front
	MediaLost    bool   // its media was up and is not
	ControlLost  bool   // its control connection is lost
	Reaction     string // characters of its last reaction
	ReactionWord string // its name
	Reacted      time.Time
	Health       video.Status    // of its camera, as the picture clock reported last
	Quality      quality.Finding // of what it sends and receives
	// Unseen and Unheard say why nothing is seen or heard of it although it sends.
	Unseen, Unheard silence.Reason
}

// Source is a camera or a screen that may be shown.
type Source struct {
	ID     layout.SourceID
	Member int          // index in Scene.Members of the participant that publishes it
	Camera media.Camera // nil: nothing comes
	Off    bool         // it is not to be shown
}

// Waiter is a participant that waits in a lobby.
type Waiter struct {
	ID, Name string
	Since    time.Time
}

// View is a picture of the room. Views of a scene have different keys.
type View struct {
	Key    views.ViewKey
	Size   image.Point  // of the canvas, pixels
	Places []Place      // Places[i] is where Sources[i] is
	Ground decor.Colour // behind the tiles, where overlays have none
	// Overlays are those of the view alone; nil: those of the scene.
	Overlays *overlay.State
}

// Place is where a source is on a view's canvas.
type Place struct {
	Rect   image.Rectangle // empty: it is not seen
	Hidden int             // how many participants have no place, on the last tile
	Trim   decor.Trim      // how it is drawn
}

// Viewer is a participant that receives a view.
type Viewer struct {
	ID      string
	View    int // index in Scene.Views
	Stream  media.PictureStream
	Path    media.Path // to the participant
	Signals *media.Signals
	Rung    int // that it has whatever its path carries, from 1; 0: none
}

// Listener is a participant as the sound clock sees it.
type Listener struct {
	ID         string
	Muted      bool
	Microphone media.Microphone  // nil: it sends no sound
	Stream     media.SoundStream // nil: it receives no sound
	Stereo     bool              // it asked for two channels
}

// Departed is media, or a participant, that no later scene has. Each clock releases what
// is its own.
type Departed struct {
	ID         string // participant's
	Camera     media.Camera
	Microphone media.Microphone
	Sink       *media.Attachment
	Left       bool // the participant has left
	// Parted is called by each of the two clocks when it writes to none of the participant's
	// streams any more. It must not block, and may be nil.
	Parted func()
}

// Partings are those who departed whom a clock may still write to. They belong to the clock.
type Partings []func()

// Add takes note of what departed.
func (p *Partings) Add(d Departed) {
	if d.Parted != nil {
		*p = append(*p, d.Parted)
	}
}

// Tell tells all of them that the clock writes to them no more.
func (p *Partings) Tell() {
	for _, parted := range *p {
		parted()
	}
	clear(*p)
	*p = (*p)[:0]
}

// Reporter is how a clock says what it found. The room's loop takes it; a method returns
// false when the loop is too busy, and the clock reports again at its next tick.
type Reporter interface {
	// FloorChanged reports who is heard, and who of them has the floor. The slice belongs
	// to the reporter afterwards.
	FloorChanged(speaking []string, holder string) bool
	// RungChanged reports which rung of the ladder a viewer has.
	RungChanged(viewer string, rung ladder.Rung) bool
	// HealthChanged reports how a camera comes.
	HealthChanged(id layout.SourceID, health video.Status) bool
	// Strained reports that the picture clock is late, and would rather have a view less.
	Strained() bool
}

// reaction (3 s) is how long a reaction is seen.
const reaction = 3 * time.Second

// Reacting tells whether the member's last reaction is seen.
func (m *Member) Reacting(now time.Time) bool {
	return m.Reaction != "" && now.Sub(m.Reacted) < reaction
}

// Changes returns when a picture next changes by itself after a time, zero for never.
func (s *Scene) Changes(after time.Time) (next time.Time) {
	sooner := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for i := range s.Views {
		sooner(s.Shown(i).Changes(after))
	}
	for i := range s.Members {
		if m := &s.Members[i]; m.Reacting(after) {
			sooner(m.Reacted.Add(reaction))
		}
	}
	return next
}

// Shown returns what a view shows besides tiles.
func (s *Scene) Shown(view int) *overlay.State {
	if o := s.Views[view].Overlays; o != nil {
		return o
	}
	return &s.Overlays
}

// HasCameras tells whether any source that is seen sends pictures.
func (s *Scene) HasCameras() bool {
	for i := range s.Sources {
		if s.Sources[i].Camera != nil && s.Seen(i) {
			return true
		}
	}
	return false
}

// Seen tells whether the source of an index has a place in any view.
func (s *Scene) Seen(source int) bool {
	for i := range s.Views {
		if !s.Views[i].Places[source].Rect.Empty() {
			return true
		}
	}
	return false
}

// Watched tells whether anybody receives a picture.
func (s *Scene) Watched() bool { return len(s.Sinks) > 0 || len(s.Viewers) > 0 }

// Audible tells whether anybody sends sound and anybody receives it. Sinks receive
// silence too.
func (s *Scene) Audible() bool {
	if len(s.Sinks) > 0 {
		return true
	}
	var sent, received bool
	for i := range s.Listeners {
		sent = sent || s.Listeners[i].Microphone != nil
		received = received || s.Listeners[i].Stream != nil
	}
	return sent && received
}
