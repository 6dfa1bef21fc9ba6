package signaling

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// status serves what the server says of itself. It is safe for concurrent use.
type status struct {
	srv        Server
	conditions func() []Condition                                    // nil: none is looked at
	begin      func(within time.Duration) (end time.Time, err error) // of a drain; nil: there is none
	undo       func()                                                // of a drain
	self       string                                                // this node of a cluster
	bodies     bodies
	live       Broadcaster // nil: there are no broadcasts
}

// drain has the server stop in a time, once no call is left or that time is over. Calls go on.
func (s *status) drain(c echo.Context) error {
	var wish struct {
		Within string `json:"within"` // such as "5m"
	}
	if err := s.bodies.json(c, &wish); err != nil {
		return err
	}
	within, err := time.ParseDuration(wish.Within)
	if err != nil || within < time.Second || within > maxDrain {
		return errWithin
	}
	if s.begin == nil {
		return mcu.ErrNotFound
	}
	end, err := s.begin(within)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusAccepted, map[string]any{"end": end.UTC()})
}

// drainNode is drain for a node of a cluster, by its ID.
func (s *status) drainNode(c echo.Context) error {
	if c.Param("id") != s.self {
		return mcu.ErrNotFound
	}
	return s.drain(c)
}

// serveNode has a node of a cluster take rooms again that drained.
func (s *status) serveNode(c echo.Context) error {
	if c.Param("id") != s.self || s.undo == nil {
		return mcu.ErrNotFound
	}
	s.undo()
	return c.NoContent(http.StatusNoContent)
}

// maxDrain (24 h) is the longest time that a drain may take.
const maxDrain = 24 * time.Hour

var errWithin = &refusal{http.StatusBadRequest, `field "within" must be a length of time from 1s to 24h, such as "5m"`}

// Condition is how a part of the server is. Anybody may read it.
type Condition struct {
	Name   string
	Err    error // what is wrong; nil: nothing
	Needed bool  // while it is wrong, the server takes no new calls
}

// looked returns the conditions for an answer, whether all are well, and whether the needed are.
func (s *status) looked() (checks map[string]string, well, ready bool) {
	checks, well, ready = map[string]string{}, true, true
	if s.conditions == nil {
		return checks, well, ready
	}
	for _, c := range s.conditions() {
		checks[c.Name] = "ok"
		if c.Err != nil {
			checks[c.Name] = c.Err.Error()
			well, ready = false, ready && !c.Needed
		}
	}
	return checks, well, ready
}

// alive answers while the process serves.
func (s *status) alive(c echo.Context) error { return fresh(c, map[string]any{"status": "ok"}) }

// ready answers 503 while the server should get no new calls. Calls that run go on.
func (s *status) ready(c echo.Context) error {
	checks, _, ready := s.looked()
	c.Response().Header().Set("Cache-Control", "no-store")
	if !ready {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "not ready", "checks": checks})
	}
	return c.JSON(http.StatusOK, map[string]any{"status": "ready", "checks": checks})
}

// health is for people: it answers 200 and says what is wrong.
func (s *status) health(c echo.Context) error {
	checks, well, _ := s.looked()
	state := "ok"
	if !well {
		state = "degraded"
	}
	return fresh(c, map[string]any{"status": state, "rooms": len(s.srv.Rooms()), "checks": checks})
}

// watched returns all rooms, with the players of their broadcasts among the viewers.
func (s *status) watched() []mcu.RoomInfo {
	all := s.srv.Rooms()
	if s.live == nil {
		return all
	}
	for i := range all {
		if info, err := s.live.Get(all[i].Name); err == nil {
			all[i].Viewers += info.Viewers
		}
	}
	return all
}

func (s *status) rooms(c echo.Context) error {
	return paged(c, "rooms", s.watched(), func(r mcu.RoomInfo) string { return r.Name })
}

// room serves what everybody in a room may know of it.
func (s *status) room(c echo.Context) error {
	for _, r := range s.watched() {
		if r.Name == c.Param("room") {
			return fresh(c, r)
		}
	}
	return mcu.ErrNotFound
}

// iceServers serves what a client needs before it makes a connection. Credentials
// expire, so no cache keeps them.
func (s *status) iceServers(c echo.Context) error {
	servers := s.srv.ICEServers()
	if servers == nil {
		servers = []control.ICEServer{}
	}
	return fresh(c, map[string]any{"iceServers": servers})
}
