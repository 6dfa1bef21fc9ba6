package signaling

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/quality"
	mediastats "tilemix/mcu/stats"
	"tilemix/signaling/access"
)

// maxStatsStreams (32) is how many programs may have the statistics of rooms sent.
const maxStatsStreams = 32

var (
	errStatsStreams = &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d programs receive statistics already: try again when one has ended", maxStatsStreams)}
	errAfter        = &refusal{http.StatusBadRequest, "after must be a time in ms since 1970, such as the field at of the last sample"}
)

// statistics serves what is known of participants' media. It is safe for concurrent use.
type statistics struct {
	srv     Server
	gate    *access.Gate
	streams chan struct{} // holds one for each program
}

func newStatistics(srv Server, gate *access.Gate) *statistics {
	return &statistics{srv, gate, make(chan struct{}, maxStatsStreams)}
}

// list serves what all in a room have now.
func (s *statistics) list(c echo.Context) error {
	all, cost, err := s.all(c.Param("room"))
	if err != nil {
		return err
	}
	return pagedBeside(c, map[string]any{"cost": cost}, "participants", all, func(p quality.Account) string { return p.ID })
}

func (s *statistics) all(name string) (all []quality.Account, cost mediastats.Cost, err error) {
	h, err := s.srv.Room(name)
	if err != nil {
		return nil, cost, err
	}
	all, err = h.Stats("")
	return all, h.Cost(), err
}

// one serves the history of one participant, or what is newer than the client has.
func (s *statistics) one(c echo.Context) error {
	p, err := s.history(c)
	if err != nil {
		return err
	}
	if text := c.QueryParam("after"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errAfter
		}
		after := time.UnixMilli(ms)
		*p.Seconds, *p.Tens = p.Seconds.After(after), p.Tens.After(after)
	}
	return fresh(c, p)
}

// dump serves the history as viewers of webrtc-internals read it: the samples of ten seconds, and from
// where there are those of one second these.
func (s *statistics) dump(c echo.Context) error {
	p, err := s.history(c)
	if err != nil {
		return err
	}
	whole := mediastats.Join(*p.Tens, *p.Seconds)
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="webrtc_internals_%s_%s.json"`, c.Param("room"), p.ID))
	return c.JSONBlob(http.StatusOK, mediastats.Dump(c.Param("room")+" "+p.Name, p.Facts, whole))
}

func (s *statistics) history(c echo.Context) (p quality.Account, err error) {
	h, err := s.srv.Room(c.Param("room"))
	if err != nil {
		return p, err
	}
	all, err := h.Stats(c.Param("id"))
	if err != nil {
		return p, err
	}
	return all[0], nil
}

// stream sends what list serves once a second, as server-sent events, until the program goes, the room
// ends, or the program may have it no longer.
func (s *statistics) stream(c echo.Context) error {
	all, cost, err := s.all(c.Param("room"))
	if err != nil {
		return err
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return errStatsStreams
	}
	q, h := wish(c, "stats"), c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	judged := time.Now()
	for err == nil {
		data, _ := json.Marshal(map[string]any{"participants": all, "cost": cost})
		if err = tell(c, fmt.Sprintf("data: %s\n\n", data)); err != nil {
			break
		}
		select {
		case <-c.Request().Context().Done():
			return nil
		case now := <-ticks.C:
			if now.Sub(judged) > eventBeat {
				judged = now
				_, err = s.gate.Judge(c.Request().Context(), q)
			}
		}
		if err == nil {
			all, cost, err = s.all(c.Param("room"))
		}
	}
	return nil // the program is gone, or is told when it comes back
}
