package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/views"
)

// ErrTooMany is returned when a room or the server has as many links as it may have. A caller also
// gets mcu's errors, [address.ErrRefused] and [ffmpeg.ErrMissing].
var ErrTooMany = errors.New("too many at a time")

// Config has the settings of a Gateway. Start from Default.
type Config struct {
	FFmpeg string // program; the gateway looks it up in PATH when a link needs it
	// Cell locks FFmpeg in; nil: nothing does.
	Cell *ffmpeg.Cell
	Dir  string // of the files that can be inputs
	// Private lets links reach this machine and private networks.
	Private    bool
	MaxPerRoom int // outputs of a room, and as many inputs
	MaxTotal   int // outputs and inputs of all rooms together
	MaxAlone   int // rooms that have inputs and no people
	// MaxTranscodes is how many inputs FFmpeg may encode at a time. 0: one a core, and two at least.
	MaxTranscodes int
	// MaxSource is the largest picture that goes to the decoder as it is, in pixels.
	MaxSource image.Point
	// AllForms says that the decoder reads interlaced H.264, and that of more than 8 bits and of 4:2:2 and 4:4:4.
	AllForms bool
	// Lookup finds the addresses of names; nil: as the system does.
	Lookup address.Lookup
	// Futile is how long an input may bring nothing before it leaves: an input that never was up, or
	// one in a room without people where no input is up.
	Futile time.Duration
	// Via knows which rooms are inside the mix of others, so that loops of WHIP pushes are refused. The
	// HTTP side of the same process needs the same value. nil: a new value.
	Via *via.Rooms
	// Events gets an event when an output comes up or goes down. It must not block. It may be nil.
	Events func(event.Event)
	// Spans gets the time of each attempt of an output. It must not block. It may be nil.
	Spans func(event.Span)
}

// Default allows links to public addresses, and inputs from files in ./data.
func Default() Config {
	return Config{
		FFmpeg: "ffmpeg", Dir: "data", MaxPerRoom: 8, MaxTotal: 100, MaxAlone: 10, Futile: 5 * time.Minute,
		MaxSource: image.Pt(2560, 1440),
	}
}

// rooms is what a Gateway needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
	Join(o mcu.JoinOptions) (*mcu.Participant, error)
	Rooms() []mcu.RoomInfo
	NewDecoder(codec.Kind) (codec.VideoDecoder, error)
}

// Gateway has the links of all rooms. It is safe for concurrent use. Each link has a goroutine,
// and each output one that waits for the end of its room. Run waits for all of them.
type Gateway struct {
	cfg     Config
	room    func(name string) (handle, error)
	join    func(o mcu.JoinOptions) (*mcu.Participant, error)
	rooms   func() []mcu.RoomInfo
	decoder newDecoder // of streams on trial
	log     *slog.Logger
	rules   address.Rules

	encoders encoders

	mu     sync.Mutex
	closed bool
	links  map[string]*link
	past   past
	wg     sync.WaitGroup

	lost lost // of links that have ended
}

// New returns a Gateway without links. It starts nothing.
func New[H handle](cfg Config, rooms rooms[H], log *slog.Logger) *Gateway {
	if cfg.Via == nil {
		cfg.Via = via.New()
	}
	if cfg.Lookup == nil {
		cfg.Lookup = net.DefaultResolver.LookupNetIP
	}
	return &Gateway{
		cfg: cfg, log: log, rules: address.Rules{Private: cfg.Private},
		room: func(name string) (handle, error) { return rooms.Room(name) },
		join: rooms.Join, rooms: rooms.Rooms, decoder: rooms.NewDecoder,
		links: make(map[string]*link), encoders: newEncoders(cfg.MaxTranscodes),
	}
}

// Run waits until ctx ends. Then it ends all links and waits for them.
func (g *Gateway) Run(ctx context.Context) error {
	<-ctx.Done()
	g.mu.Lock()
	g.closed = true
	for _, l := range g.links {
		l.end()
	}
	g.mu.Unlock()
	g.wg.Wait()
	return nil
}

// AddOutput adds an output, which sends the mix of a room until it is removed or the room ends.
// A later room of the same name is not sent there.
func (g *Gateway) AddOutput(ctx context.Context, room string, o OutputOptions) (Info, error) {
	mix, err := g.room(room)
	if err != nil {
		return Info{}, err
	}
	a, err := g.judge(ctx, o.URL, address.Output)
	if err != nil {
		return Info{}, err
	}
	if a, err = a.WithToken(o.Token); err != nil {
		return Info{}, err
	}
	if !a.IsWHIP() {
		if err := g.needFFmpeg(); err != nil {
			return Info{}, err
		}
	}
	if err := mix.CheckView(o.View); err != nil {
		return Info{}, err
	}
	l := g.newLink(Output, room, a, o.ID)
	l.room, l.from, l.wish, l.info.View = mix, o.From, o.View, o.View.String()
	l.traced(o.Request, g.cfg.Spans)
	out := &output{link: l, gateway: g, address: a, token: o.Token}
	return g.add(l, out.try)
}

// judge parses an address. It refuses an address that the rules do not allow.
func (g *Gateway) judge(ctx context.Context, url string, use address.Use) (address.Address, error) {
	a, err := address.Parse(url, use)
	if err != nil {
		return address.Address{}, err
	}
	// A name that does not resolve now may resolve later.
	if _, err := g.find(ctx, a); errors.Is(err, address.ErrRefused) {
		return address.Address{}, err
	}
	return a, nil
}

// find returns the address with the IP that it leads to now, for programs that would look the name up
// once more. It returns an error if the address does not resolve, or leads to where it must not.
func (g *Gateway) find(ctx context.Context, a address.Address) (address.Address, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := g.rules.Find(ctx, a, g.cfg.Lookup)
	if err != nil || len(found) == 0 {
		return a, err
	}
	return a.At(routed(ctx, found)), nil
}

func (g *Gateway) needFFmpeg() error {
	_, err := ffmpeg.Find(g.cfg.FFmpeg)
	return err
}

func (g *Gateway) newLink(kind Kind, room string, a address.Address, id string) *link {
	id = cmp.Or(id, strings.ToLower(rand.Text()[:8]))
	l := &link{
		log:  g.log.With("room", room, string(kind), id, "url", a.String()),
		info: Info{ID: id, Kind: kind, Room: room, URL: a.String(), State: Starting, Since: time.Now().UTC()},
		hide: a.Redact, mask: a.Mask,
		done: make(chan struct{}),
		tell: g.cfg.Events,
	}
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

// add counts a link in and starts its goroutine.
func (g *Gateway) add(l *link, try attempt) (Info, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := (quota{g}).space(l.info.Kind, l.info.Room, l.from); err != nil {
		return Info{}, err
	}
	g.links[l.info.ID] = l
	if l.room != nil {
		g.wg.Go(l.watch)
	}
	g.wg.Go(func() {
		g.drop(l, l.run(try))
		close(l.done)
	})
	return l.Info(), nil
}

// drop counts out a link that has ended. Why says why it has given up; nil: it has not.
func (g *Gateway) drop(l *link, why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.links, l.info.ID)
	if why != nil {
		g.past.add(l.over(why))
	}
	g.lost.add(l.lost.pictures.Load(), l.lost.packets.Load())
}

// List returns the links of one kind of a room, the oldest first.
func (g *Gateway) List(kind Kind, room string) []Info {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := []Info{}
	for _, l := range g.links {
		if l.is(kind, room) {
			all = append(all, l.Info())
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID)) })
	return all
}

// Get returns a link of a room, or mcu.ErrNotFound. A link that gave up of late has the state "ended".
func (g *Gateway) Get(kind Kind, room, id string) (Info, error) {
	l, err := g.get(kind, room, id)
	if err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if i, ok := g.past.find(kind, room, id); ok {
			return i, nil
		}
		return Info{}, err
	}
	return l.Info(), nil
}

func (g *Gateway) get(kind Kind, room, id string) (*link, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.links[id]
	if l == nil || !l.is(kind, room) {
		return nil, fmt.Errorf("%s: %w", kind, mcu.ErrNotFound)
	}
	return l, nil
}

// SetView changes what an output sends, also while it is up. Errors are those of room.Handle's SetView.
func (g *Gateway) SetView(room, id string, w views.Wish) (Info, error) {
	l, err := g.get(Output, room, id)
	if err != nil {
		return Info{}, err
	}
	if err := l.show(w); err != nil {
		return Info{}, err
	}
	return l.Info(), nil
}

// Collectors returns the metrics of all links.
func (g *Gateway) Collectors() []prometheus.Collector { return []prometheus.Collector{metrics{g}} }

// Remove ends a link and waits until it has ended, or until ctx ends.
func (g *Gateway) Remove(ctx context.Context, kind Kind, room, id string) error {
	l, err := g.get(kind, room, id)
	if err != nil {
		return err
	}
	l.end()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
