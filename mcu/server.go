package mcu

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sort"
	"sync"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/ladder"
	"tilemix/mcu/rtc"
	"tilemix/mcu/turn"
)

// Server holds the rooms. It is safe for concurrent use. Its goroutines are
// those of the rooms, which Run waits for.
type Server struct {
	cfg   Config
	log   *slog.Logger
	api   *rtc.API
	turn  *turn.Server // nil: there is none
	stats *stats
	turns chan struct{} // one for each camera that decodes now
	door  doorway
	rungs []ladder.Rung // of all rooms' pictures

	ctx    context.Context // of all rooms
	cancel context.CancelFunc

	// mu guards what follows. It is held while a room is made, which takes some
	// milliseconds, and never while one works.
	mu     sync.Mutex
	closed bool
	rooms  map[string]*Room
	wg     sync.WaitGroup
}

// RoomInfo says who is in a room.
type RoomInfo struct {
	Name         string `json:"name"`
	Participants int    `json:"participants"` // those with a tile
	Viewers      int    `json:"viewers"`
}

// NewServer returns a server with its sockets open, which can be joined. Run must
// be called; it ends what was begun and closes the sockets.
func NewServer(cfg Config, log *slog.Logger) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	api, err := rtc.NewAPI(rtc.Config{PublicIPs: cfg.PublicIPs, Port: cfg.RTCPort})
	if err != nil {
		return nil, err
	}
	relay, err := newTURN(cfg, api)
	if err != nil {
		_ = api.Close()
		return nil, err
	}
	s := &Server{cfg: cfg, log: log, api: api, turn: relay, rungs: cfg.ladder(), rooms: make(map[string]*Room)}
	s.turns = make(chan struct{}, runtime.GOMAXPROCS(0))
	s.door.turns = s.turns
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.stats = newStats(s)
	return s, nil
}

// Run waits until ctx ends; then it ends all rooms and waits for everything in
// them.
func (s *Server) Run(ctx context.Context) error {
	sending, stop := context.WithCancel(context.Background())
	var sockets sync.WaitGroup
	sockets.Go(func() { s.api.Run(sending) })
	if s.turn != nil {
		sockets.Go(func() {
			if err := s.turn.Run(sending); err != nil {
				s.log.Error("TURN ended", "error", err)
			}
		})
	}
	<-ctx.Done()
	s.mu.Lock()
	s.closed = true // no room begins from here on
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	stop()
	sockets.Wait()
	return s.api.Close()
}

// JoinOptions say who joins which room.
type JoinOptions struct {
	Room, Name string
	// Viewer only receives and has no tile.
	Viewer bool
	// Send gets every control message for the participant. It is called by the
	// room's loop and must not block. It may be nil.
	Send func(control.Message)
	// Resumable has him stay when his control connection is lost, and for a while when his
	// media's is closed, and gives him a secret to come back with. Others stay for a while
	// when their media's connection fails, for an offer that restarts ICE.
	Resumable bool
	// Cut is called when another control connection has taken the place of this one.
	// It must not block. It may be nil.
	Cut func()

	// Fed participants have no connection: what they send is played (PlayVideo,
	// PlayAudio), and they receive nothing.
	Fed bool

	line line // stands in for the way to him, in tests
}

// Join makes somebody a participant of a room, which is made if he is the
// first. Whoever joins must Leave, or be lost by ICE for 30 s; who is not connected within
// 20 s has left.
func (s *Server) Join(o JoinOptions) (*Participant, error) {
	if err := CheckRoomName(o.Room); err != nil {
		return nil, err
	}
	name, err := cleanName(o.Name)
	if err != nil {
		return nil, err
	}
	o.Name = name
	room, err := s.enter(o.Room)
	if err != nil {
		return nil, err
	}
	p, err := newParticipant(room, o)
	if err != nil {
		s.exit(room)
		return nil, err
	}
	if !room.call(func() { room.add(p) }) {
		p.close()
		s.exit(room)
		return nil, ErrClosed
	}
	return p, nil
}

// CheckOffer tells why an offer would be refused, before anybody joins with it.
func (s *Server) CheckOffer(sdp string) error { return rtc.CheckOffer(sdp) }

// Admits tells why somebody could not join a room now, if so.
func (s *Server) Admits(room, name string) error {
	if err := CheckRoomName(room); err != nil {
		return err
	}
	if _, err := cleanName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.space(s.rooms[room])
}

// space tells whether there is a place in a room, or, where room is nil, for a
// new one. The caller holds s.mu.
func (s *Server) space(room *Room) error {
	switch {
	case s.closed:
		return ErrClosed
	case room == nil && len(s.rooms) >= s.cfg.MaxRooms:
		return fmt.Errorf("%w: it has %d", ErrServerFull, len(s.rooms))
	case room != nil && room.inside >= s.cfg.MaxParticipants:
		return fmt.Errorf("%w: it has %d participants", ErrRoomFull, room.inside)
	}
	return nil
}

// enter counts somebody into a room, so that it stays until he exits.
func (s *Server) enter(name string) (*Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.rooms[name]
	if err := s.space(room); err != nil {
		return nil, err
	}
	if room == nil {
		var err error
		if room, err = newRoom(s, name); err != nil {
			return nil, err
		}
		s.rooms[name] = room
		s.happen(event.New(event.RoomStarted, name))
		ctx, cancel := context.WithCancel(s.ctx)
		room.end = cancel
		s.wg.Go(func() { room.run(ctx) })
	}
	room.inside++
	return room, nil
}

// exit counts somebody out. The last one ends the room.
func (s *Server) exit(room *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room.inside--
	if room.inside == 0 {
		delete(s.rooms, room.name)
		s.happen(event.New(event.RoomEnded, room.name))
		room.end()
	}
}

func (s *Server) room(name string) *Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[name]
}

// Participant returns who has the given ID in a room.
func (s *Server) Participant(room, id string) (*Participant, error) {
	r := s.room(room)
	if r == nil {
		return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	var found *Participant
	r.call(func() { found = r.byID(id) })
	if found == nil {
		return nil, fmt.Errorf("participant: %w", ErrNotFound)
	}
	return found, nil
}

// Rooms returns all rooms, by name.
func (s *Server) Rooms() []RoomInfo {
	infos := []RoomInfo{}
	for _, r := range s.allRooms() {
		info := RoomInfo{Name: r.name}
		for _, seat := range r.scene.Load().seats {
			if seat.p.viewer {
				info.Viewers++
			} else {
				info.Participants++
			}
		}
		infos = append(infos, info)
	}
	return infos
}

func (s *Server) allRooms() []*Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	rooms := make([]*Room, 0, len(s.rooms))
	for _, r := range s.rooms {
		rooms = append(rooms, r)
	}
	sort.Slice(rooms, func(i, j int) bool { return rooms[i].name < rooms[j].name })
	return rooms
}
