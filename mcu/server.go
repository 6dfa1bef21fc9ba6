package mcu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/handshake"
	"tilemix/mcu/headroom"
	"tilemix/mcu/policy"
	"tilemix/mcu/relay"
	"tilemix/mcu/room"
	"tilemix/mcu/rtc"
	"tilemix/mcu/turn"
	"tilemix/mcu/views/pool"
)

// Participant is a participant or viewer of a room, for those who act in its name. It is
// safe for concurrent use.
type Participant = room.Participant

// Server holds the rooms. It is safe for concurrent use. Its goroutines are those of the
// rooms, which Run waits for.
type Server struct {
	*live
	log     *slog.Logger
	api     *rtc.API
	turn    *turn.Relay // nil: there is none
	env     room.Env    // of all rooms
	metrics []prometheus.Collector

	moved    movers
	decoders decoders
	pulls    *relay.Metrics // of all relays

	ctx    context.Context // of all rooms
	cancel context.CancelFunc

	secluded sync.Once // logs that a client cannot reach the media
	// mu guards what follows. It is held while a room is made, which takes some
	// milliseconds, and never while one works.
	mu             sync.Mutex
	closed, drains bool // nobody enters; no room begins
	rooms          map[string]*entry
	lobbies        map[string]*entry // by the names of their rooms
	relays         map[string]*entry // of rooms that other nodes have
	begun          int               // rooms in which somebody has a seat
	waiting        *admission.Waiting
	wg             sync.WaitGroup
}

// NewServer returns a server with its sockets open, which can be joined. Run must be
// called; it ends what was begun and closes the sockets.
func NewServer(cfg Config, log *slog.Logger) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	api, err := rtc.NewAPI(rtc.Config{PublicIPs: cfg.PublicIPs, Port: cfg.RTCPort, Listen: cfg.MediaListen, Local: cfg.MediaLocal, TCP: cfg.MediaTCP, TURN: cfg.TURNTCP != nil, OnAddress: addressLog{log}.changed})
	if err != nil {
		return nil, err
	}
	turns, err := newTURN(cfg, api)
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	s := &Server{live: newLive(cfg), log: log, api: api, turn: turns, pulls: relay.NewMetrics(), decoders: newDecoders(cfg, log), rooms: make(map[string]*entry), lobbies: make(map[string]*entry), relays: make(map[string]*entry), waiting: admission.New(admission.Default())}
	s.env = cfg.env(log)
	s.env.API, s.env.ICEServers, s.env.Layouts = api, s.ICEServers, s.layoutOf
	door{s}.serves(&s.env)
	s.metrics = register(s, &s.env)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// env is what the configuration says of rooms.
func (c Config) env(log *slog.Logger) room.Env {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	emit := c.Events
	if emit == nil {
		emit = func(event.Event) {}
	}
	if c.Banned == nil {
		c.Banned = func(string, policy.Ban) {}
	}
	if c.Decided == nil {
		c.Decided = func(policy.Ruling) {}
	}
	return room.Env{
		Handshakes: handshake.New(slots), DecodeSlot: slots,
		Headroom: headroom.New(cap(slots)),
		Epoch:    time.Now(), // of all rooms, so that streams go on where participants move
		Rungs:    c.ladder(), FrameRate: c.FrameRate, Stereo: c.AudioChannels == 2, Spatial: c.Spatial,
		Views: pool.NewAllotment(c.MaxViews),
		Seats: c.Seats, Code: c.Code, Emit: emit, Spans: c.Spans, Ban: c.Banned, Decided: c.Decided, CleanName: c.cleanName, Fonts: c.Fonts, Overlays: c.Overlays, File: c.File, Log: log,
	}
}

// Run waits until ctx ends, or until decoders lack a layer of the sandbox that Config asks for. Then it
// ends all rooms and waits for everything in them.
func (s *Server) Run(ctx context.Context) error {
	sending, stop := context.WithCancel(context.Background())
	var sockets sync.WaitGroup
	sockets.Go(func() { s.api.Run(sending) })
	sockets.Go(func() { relayTURN(sending, s.turn, s.log) })
	ctx, fail := context.WithCancelCause(ctx)
	sockets.Go(func() { s.decoders.run(sending, fail) })
	<-ctx.Done()
	s.mu.Lock()
	s.closed = true // no room begins from here on
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	stop()
	sockets.Wait()
	return errors.Join(cause(ctx), s.api.Close())
}

// Join makes a participant of a room, which is made if it is the first one. The caller
// must call Leave, or the participant leaves when its media is lost for 30 s, or not up
// within 20 s.
func (s *Server) Join(o JoinOptions) (*Participant, error) {
	if err := CheckRoomName(o.Room); err != nil {
		return nil, err
	}
	var err error
	if o.Name, err = s.cfg().cleanName(o.Name); err != nil {
		return nil, err
	}
	if unreached(*s.cfg(), o) {
		s.secluded.Do(func() {
			s.log.Warn("a client of another machine joins, but media is received from this machine only: name an address by --media-listen, or 0.0.0.0 for all")
		})
	}
	place, err := s.enter(o)
	if err != nil {
		return nil, err
	}
	options := o.options()
	options.Place = place
	p, err := place.entry.Join(options)
	if err != nil {
		place.Leave()
		return nil, err
	}
	place.belongsTo(p)
	return p, nil
}

// Resume brings a participant back that joined with Resumable, by the resume token that the
// message "welcome" has. See [room.Room.Resume].
func (s *Server) Resume(o JoinOptions, token string) (p *Participant, number int, err error) {
	for _, r := range s.named(o.Room) {
		p, number, err = r.Resume(o.options(), token)
		if !errors.Is(err, ErrNotFound) {
			return p, number, err
		}
	}
	return former{s}.resume(o, token)
}

// Move takes a participant, by its public ID, from one room to another, which is made if there is
// none. Its connection stays, so nothing is negotiated, and so do its IDs and its resume token. The
// message "moved" tells its client. The seat in the other room is taken before the one in this room
// is given up: ErrRoomFull and ErrServerFull say that there is none. Into a room that is locked nobody is moved (room.ErrLocked). A host vouches for those that it moves, so the
// lobby and PINs of the other room do not stop them; into a room whose rules have an auth of their own
// only those go that entered it before, and none that are banned from it (policy.ErrForbidden). ErrNotFound says that no such participant is
// connected. When Move returns, nothing of the old room reaches the participant.
func (s *Server) Move(room, id, to string) error {
	if err := CheckRoomName(to); err != nil {
		return err
	}
	p, err := s.Member(room, id)
	if err != nil || room == to {
		return err
	}
	s.mu.Lock()
	ruled, err := s.ruled(to, policy.Grant{}) // a host of one room need not be one of the other
	s.mu.Unlock()
	if err == nil {
		err = mayMove(s.cfg().Bars, ruled, p, to)
	}
	if err != nil {
		return err
	}
	return s.move(p, to, false)
}

// Grant returns what the participant of a room may do that has a resume token. ErrNotFound says
// that none has.
func (s *Server) Grant(room, token string) (policy.Grant, error) {
	for _, r := range s.named(room) {
		if g, err := r.Grant(token); err == nil {
			return g, nil
		}
	}
	return former{s}.grant(token)
}

// CheckOffer returns why an offer would be refused, before anybody joins with it.
func (s *Server) CheckOffer(sdp string) error { return rtc.CheckOffer(sdp) }

func (s *Server) room(name string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[name]
}

// Room returns the room of a name for those who take its media, or ErrNotFound.
func (s *Server) Room(name string) (*room.Handle, error) {
	if r := s.room(name); r != nil {
		return r.Handle(), nil
	}
	return nil, fmt.Errorf("room %q: %w", name, ErrNotFound)
}

// Participant returns the participant of a room whose session has an ID.
func (s *Server) Participant(room, id string) (*Participant, error) {
	r := s.room(room)
	if r == nil {
		return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	return r.Participant(id)
}

// Member returns the participant of a room that the others know by an ID.
func (s *Server) Member(room, id string) (*Participant, error) {
	if r := s.room(room); r != nil {
		return r.Member(id)
	}
	return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
}

// Rooms returns all rooms in which somebody has a seat, by name.
func (s *Server) Rooms() []RoomInfo {
	infos := []RoomInfo{}
	for _, r := range s.allRooms() {
		info := RoomInfo{Name: r.Name()}
		for _, m := range r.Scene().Members {
			switch {
			case m.Role == policy.Recorder:
			case m.Viewer:
				info.Viewers++
			default:
				info.Participants++
			}
		}
		infos = append(infos, info)
	}
	return infos
}

func (s *Server) allRooms() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	rooms := make([]*entry, 0, len(s.rooms))
	for _, r := range s.rooms {
		if r.seated > 0 || r.held != nil {
			rooms = append(rooms, r)
		}
	}
	sort.Slice(rooms, func(i, j int) bool { return rooms[i].Name() < rooms[j].Name() })
	return rooms
}

// ICEServers returns the ICE servers for a client. The credentials of its own
// TURN server, and of those that share a secret, are new each time and valid for an hour.
func (s *Server) ICEServers() []control.ICEServer {
	return iceServers(*s.cfg(), s.turn, s.api.Addresses())
}

// Media returns the sockets of media, UDP and TCP, and the TURN server, nil for none.
func (s *Server) Media() ([]netip.AddrPort, *turn.Relay) { return s.api.Addresses(), s.turn }

// Drain closes the server for new rooms, and tells participants when it stops. The caller repeats it. rest 0:
// participants are not told.
func (s *Server) Drain(rest time.Duration) { drain(s, rest) }

// Reopen has rooms begin again after Drain.
func (s *Server) Reopen() { reopen(s) }

// Tell sends a message to all in a room, and to those who wait for it. It does nothing where there is no such room.
func (s *Server) Tell(room string, m control.Message) { tell(s, room, m) }

// Collectors returns the server's metrics.
func (s *Server) Collectors() []prometheus.Collector { return s.metrics }
