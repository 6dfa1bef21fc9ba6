package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"tilemix/mcu"
	"tilemix/mcu/backoff"
	"tilemix/mcu/event"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

const (
	// steady is how long a link must have been up for its waits to begin anew.
	steady = 10 * time.Second
	// maxReason bounds the text of a reason, in bytes.
	maxReason     = 300
	lookupTimeout = 5 * time.Second
)

// Kind is the direction of a link.
type Kind string

// The kinds of links.
const (
	Output Kind = "output"
	Input  Kind = "input"
)

// State is the state of a link.
type State string

// The states of a link.
const (
	Starting State = "starting" // it tries
	Up       State = "up"       // media flows
	Down     State = "down"     // it tries again at Info.Next; Info.Reason says why
)

// ended is the state of a link that has given up; Info.Reason says why.
const ended State = "ended"

// Info describes a link.
type Info struct {
	ID     string    `json:"id"`
	Kind   Kind      `json:"-"`
	Room   string    `json:"room"`
	Name   string    `json:"name,omitempty"`   // of an input's participant
	URL    string    `json:"url"`              // without its keys
	View   string    `json:"view,omitempty"`   // of an output: a name or JSON, see views.Parse
	Notice string    `json:"notice,omitempty"` // why that is not what was wished
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"` // why it is, or was last, down
	Since  time.Time `json:"since"`            // when it was added
	UpAt   time.Time `json:"upSince,omitzero"`
	Next   time.Time `json:"nextTry,omitzero"`
	Tries  int       `json:"tries"`
	// Transcoded says why FFmpeg encodes an input's video; "": the video is copied.
	Transcoded string `json:"transcoded,omitempty"`
	// Access units and packets that the other end was too slow for.
	DroppedPictures uint64 `json:"droppedPictures,omitempty"`
	DroppedPackets  uint64 `json:"droppedPackets,omitempty"`
}

// Errors of an attempt after which the link ends.
var (
	errOver = errors.New("the stream has ended")
	// errVain says that further attempts would fail too.
	errVain = errors.New("given up after all attempts failed")
)

// attempt connects once and returns when the connection has ended. It calls up when media
// begins to flow.
type attempt func(ctx context.Context, up func()) error

// handle is what a link needs of its room: a [room.Handle].
type handle interface {
	Ended() <-chan struct{}
	AudioChannels() int
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	CheckView(w views.Wish) error
	SetView(sink media.Sink, w views.Wish) error
}

// link is an output or an input, which connects again whenever its connection is lost. It is
// safe for concurrent use. Its goroutines are run and, for an output, watch.
type link struct {
	log   *slog.Logger
	hide  func(string) string // removes keys from texts of other parties
	mask  func(string) string // removes IP addresses from texts
	from  netip.Prefix        // who added it; zero: nobody who is counted
	life  context.Context
	end   context.CancelFunc
	done  chan struct{}         // closed when it has ended
	room  handle                // of an output; nil: of an input
	lost  lost                  // of connections that have ended; added under mu
	queue atomic.Pointer[queue] // of an output that is up; counted out under mu
	tell  func(event.Event)     // nil: no events are sent
	// futile reports whether a link has to give up, which was never up, or is down for a time. nil: never.
	futile func(ever bool, down time.Duration) bool

	request string           // ID of the request that added an output; "": none
	spans   func(event.Span) // gets the time of each attempt of an output; nil: nobody does

	downTold bool // the first "down" was sent; owned by run

	mu   sync.Mutex
	info Info
	wish views.Wish // of an output
	last spell      // of the attempt that goes on
}

// is reports whether a link has a kind and a room, which never change.
func (l *link) is(kind Kind, room string) bool { return l.info.Kind == kind && l.info.Room == room }

// Info describes the link now.
func (l *link) Info() Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.info
	i.DroppedPictures, i.DroppedPackets = l.lost.pictures.Load(), l.lost.packets.Load()
	if q := l.queue.Load(); q != nil {
		pictures, packets := q.Dropped()
		i.DroppedPictures, i.DroppedPackets = i.DroppedPictures+pictures, i.DroppedPackets+packets
	}
	return i
}

// show has an output send another view. One that is down sends it when it is up.
func (l *link) show(w views.Wish) error {
	err := mcu.ErrNotFound
	if q := l.queue.Load(); q != nil {
		err = l.room.SetView(q, w)
	}
	if errors.Is(err, mcu.ErrNotFound) { // it is down, or has just come down
		err = l.room.CheckView(w)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.wish = w
	l.mu.Unlock()
	l.change(func(i *Info) { i.View, i.Notice = w.String(), "" })
	return nil
}

// watch ends an output with its room.
func (l *link) watch() {
	select {
	case <-l.room.Ended():
		l.end()
	case <-l.life.Done():
	}
}

// run makes attempts until the link ends. It returns why it has given up; nil: it has not.
func (l *link) run(try attempt) error {
	defer l.end()
	again, failures := backoff.Schedule{First: time.Second, Longest: 30 * time.Second}, 0
	ever, alive := false, time.Now()
	for {
		l.change(func(i *Info) { i.State, i.Next, i.Tries, l.last = Starting, time.Time{}, i.Tries+1, spell{} })
		begin := time.Now()
		err := try(l.life, l.rise)
		l.attempted(begin, err)
		var was spell
		l.change(func(*Info) { l.last.end(); was = l.last })
		if was.ever() {
			ever, alive = true, was.to
		}
		switch {
		case l.life.Err() != nil || errors.Is(err, errOver):
			l.log.Info("link ended")
			return nil
		case l.futile != nil && l.futile(ever, time.Since(alive)):
			err = fmt.Errorf("%w: %w", errVain, cmp.Or(err, errors.New("it ended")))
		}
		if errors.Is(err, errVain) {
			l.log.Warn("link ended", "reason", l.reason(err))
			return err
		}
		if was.long() >= steady {
			failures = 0
		}
		failures++
		pause := again.After(failures, rand.Float64()) // two pushes that form a loop must not come back together
		l.fall(err, was.ever(), pause)
		select {
		case <-time.After(pause):
		case <-l.life.Done():
		}
	}
}

// over describes a link that has given up.
func (l *link) over(why error) Info {
	i := l.Info()
	i.State, i.Reason, i.UpAt, i.Next = ended, l.reason(why), time.Time{}, time.Time{}
	return i
}

// cut shortens a text to maxReason, between two characters.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= maxReason {
		return text
	}
	n := maxReason
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

func (l *link) change(f func(*Info)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.info)
}

// rise records that media flows.
func (l *link) rise() {
	l.change(func(i *Info) { i.State, i.UpAt = Up, time.Now().UTC(); l.last.begin() })
	l.log.Info("link is up")
	l.happen(event.OutputUp, "")
}

// dim records that an attempt which goes on brings no picture.
func (l *link) dim(reason string) {
	l.log.Warn("link is down", "reason", reason)
	l.change(func(i *Info) { i.State, i.Reason, i.UpAt = Down, reason, time.Time{}; l.last.end() })
}

// fall records that an attempt has ended, and whether it was up.
func (l *link) fall(err error, was bool, pause time.Duration) {
	reason := l.reason(err)
	l.log.Warn("link is down", "reason", reason, "again", pause)
	l.change(func(i *Info) {
		i.State, i.Reason, i.Next, i.UpAt = Down, reason, time.Now().UTC().Add(pause), time.Time{}
	})
	if was || !l.downTold {
		l.happen(event.OutputDown, reason)
	}
	l.downTold = true
}

// reason says why an attempt has ended. The text of a refusal is the gateway's own and has no
// key, so hide does not alter it.
func (l *link) reason(err error) string {
	switch {
	case err == nil:
		return "it ended"
	case errors.Is(err, address.ErrRefused):
		return cut(l.mask(err.Error()))
	default:
		return cut(l.mask(l.hide(err.Error()))) // in this order: half a key would stay
	}
}

// happen sends an event of an output.
func (l *link) happen(kind event.Type, reason string) {
	if l.tell == nil || l.info.Kind != Output {
		return
	}
	e := event.New(kind, l.info.Room)
	e.Output = &event.Output{ID: l.info.ID, URL: l.info.URL, Reason: reason}
	l.tell(e)
}

// traced has an output report its attempts, and its log name the request that added it.
func (l *link) traced(request string, spans func(event.Span)) {
	if l.request, l.spans = request, spans; request != "" {
		l.log = l.log.With("request", request)
	}
}

// attempted reports the time of an attempt that has ended.
func (l *link) attempted(begin time.Time, err error) {
	if l.spans == nil {
		return
	}
	s := event.Span{Name: string(l.info.Kind), Request: l.request, Room: l.info.Room, ID: l.info.ID, Begin: begin, End: time.Now()}
	if err != nil && l.life.Err() == nil && !errors.Is(err, errOver) {
		s.Err = l.reason(err)
	}
	l.spans(s)
}
