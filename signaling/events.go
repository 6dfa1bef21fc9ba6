package signaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/signaling/access"
	"tilemix/signaling/feed"
)

const (
	eventBeat = 15 * time.Second // between signs of life, so that proxies keep the line
	eventWait = 10 * time.Second // for a program to take an event
)

// events serves the events of rooms to programs, as server-sent events (WHATWG HTML §9.2). It is
// safe for concurrent use.
type events struct {
	feed *feed.Feed
	gate *access.Gate
}

// listen serves events until the program goes, reads too slowly, or may listen no longer.
func (e *events) listen(action string) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, q := c.Request(), wish(c, action)
		s, err := e.feed.Listen(c.Param("room"), r.Header.Get("Last-Event-ID"))
		if err != nil {
			return err
		}
		defer s.Close()
		h := c.Response().Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
		// A line that is cut before the first event goes on from here too.
		err = tell(c, "id: "+oneLine(s.Last)+"\n\n")
		for err == nil {
			next, ok, over := s.Next(r.Context(), eventBeat)
			switch {
			case over != nil:
				return nil // the end of the answer says it
			case !ok:
				if _, err := e.gate.Judge(r.Context(), q); err != nil {
					return nil // it is told when it comes back
				}
				err = tell(c, ":\n\n")
			default:
				var data []byte
				if data, err = json.Marshal(next); err == nil {
					err = tell(c, fmt.Sprintf("id: %s\ndata: %s\n\n", next.ID, data))
				}
			}
		}
		return nil // the program is gone
	}
}

// oneLine keeps what a client sent from being more than one line.
func oneLine(id string) string {
	for i, r := range id {
		if r < ' ' || i > 64 {
			return id[:i]
		}
	}
	return id
}

// tell writes a part of an answer at once.
func tell(c echo.Context, text string) error {
	w := http.NewResponseController(c.Response())
	if err := w.SetWriteDeadline(time.Now().Add(eventWait)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := c.Response().Write([]byte(text)); err != nil {
		return err
	}
	return w.Flush()
}
