package signaling

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/views"
	"tilemix/signaling/access/ticket"
)

// Recorder is what signaling needs of [record.Recorder].
type Recorder interface {
	Start(room string, o record.Options) (sidecar.Info, error)
	Stop(ctx context.Context, room, id string) (sidecar.Info, error)
	Pause(room, id string, pause bool) (sidecar.Info, error)
	SetView(room, id string, w views.Wish) (sidecar.Info, error)
	List(room string) []sidecar.Info
	Get(room, id string) (sidecar.Info, error)
	Remove(room, id string) error
	Open(room, id, name string) (*os.File, int64, error)
	Collectors() []prometheus.Collector
}

const (
	ticketLife  = 12 * time.Hour   // of the address of a file that needs no secret
	stopTimeout = 10 * time.Second // for the end of a recording, an output, an input or a broadcast
	readTimeout = 30 * time.Second // for a client to read a part of a file
)

// recordings serves the recordings of rooms. It is safe for concurrent use.
type recordings struct {
	recorder Recorder
	bodies   bodies
	tickets  *ticket.Tickets
}

func (r *recordings) start(c echo.Context) error {
	var o record.Options
	if err := r.bodies.json(c, &o); err != nil {
		return err
	}
	o.Request = requestOf(c)
	info, err := r.recorder.Start(c.Param("room"), o)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", outside(c.Request(), c.Request().URL.Path)+"/"+info.ID)
	return c.JSON(http.StatusCreated, r.linked(c, info))
}

func (r *recordings) list(c echo.Context) error {
	all := []linkedInfo{}
	for _, info := range r.recorder.List(c.Param("room")) {
		all = append(all, r.linked(c, info))
	}
	return paged(c, "recordings", all, func(i linkedInfo) string { return i.ID })
}

func (r *recordings) get(c echo.Context) error {
	info, err := r.recorder.Get(c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	return fresh(c, r.linked(c, info))
}

// change takes {"paused":true}, {"paused":false} and {"view":…}.
func (r *recordings) change(c echo.Context) error {
	var change struct {
		Paused *bool       `json:"paused"`
		View   *views.Wish `json:"view"`
	}
	if err := r.bodies.json(c, &change); err != nil {
		return err
	}
	if change.Paused == nil && change.View == nil {
		return errNoChange
	}
	var info sidecar.Info
	var err error
	if change.View != nil {
		info, err = r.recorder.SetView(c.Param("room"), c.Param("id"), *change.View)
	}
	if change.Paused != nil && err == nil {
		info, err = r.recorder.Pause(c.Param("room"), c.Param("id"), *change.Paused)
	}
	if err != nil {
		return err
	}
	return fresh(c, r.linked(c, info))
}

func (r *recordings) stop(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	info, err := r.recorder.Stop(ctx, c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	return fresh(c, r.linked(c, info))
}

// remove deletes a recording that has ended.
func (r *recordings) remove(c echo.Context) error {
	return done(c, r.recorder.Remove(c.Param("room"), c.Param("id")))
}

// file serves the complete part of a file, also while the file grows.
func (r *recordings) file(c echo.Context) error {
	info, err := r.recorder.Get(c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	f, size, err := r.recorder.Open(info.Room, info.ID, c.Param("name"))
	if err != nil {
		return err
	}
	defer f.Close()
	name := info.Room + "-" + info.ID
	if n := c.Param("name"); n != "" {
		name += "-" + n
	} else {
		name += ".mp4"
	}
	h := c.Response().Header()
	h.Set("ETag", fmt.Sprintf(`"%s-%d"`, info.ID, size))
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": name}))
	changed := info.Ended
	h.Set("Cache-Control", "no-cache")
	if !info.State.Ended() { // the next answer has more
		changed = time.Time{}
		h.Set("Cache-Control", "no-store")
	}
	http.ServeContent(&patient{c.Response()}, c.Request(), name, changed, io.NewSectionReader(f, 0, size))
	return nil
}

// patient gives each part of an answer readTimeout, so that a slow client that reads on gets
// the whole file.
type patient struct{ *echo.Response }

func (p *patient) Write(b []byte) (int, error) {
	_ = http.NewResponseController(p.Response).SetWriteDeadline(time.Now().Add(readTimeout))
	return p.Response.Write(b)
}

// linkedInfo is a recording with the address of its file.
type linkedInfo struct {
	sidecar.Info
	File string `json:"file"`
}

// linked adds the address of a recording's file. A client that came with a secret gets one that
// needs no header, because links and players have none; it is good for ticketLife at least.
func (r *recordings) linked(c echo.Context, info sidecar.Info) linkedInfo {
	path := "/api/v1/recordings/" + info.ID + "/file"
	if with, _ := c.Get(secretKey).(bool); with {
		path += "/" + r.tickets.Issue(info.ID, time.Now().Truncate(time.Hour).Add(ticketLife+time.Hour)) // so that an ETag lasts
	}
	return linkedInfo{info, outside(c.Request(), path)}
}

// ticketed serves a file to a client that has a ticket for it.
func (r *recordings) ticketed(c echo.Context) error {
	if err := r.tickets.Check(c.Param("ticket"), c.Param("id"), time.Now()); err != nil {
		return err
	}
	return r.file(c)
}
