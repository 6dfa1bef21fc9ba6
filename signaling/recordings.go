package signaling

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/record"
)

// Recorder is what signaling needs of [record.Recorder].
type Recorder interface {
	Start(room string, o record.Options) (record.Info, error)
	Stop(ctx context.Context, room, id string) (record.Info, error)
	Pause(room, id string, pause bool) (record.Info, error)
	List(room string) []record.Info
	Get(room, id string) (record.Info, error)
	Open(room, id, name string) (*os.File, int64, error)
	Collectors() []prometheus.Collector
}

var errNoPaused = &refusal{http.StatusBadRequest, `field "paused" is missing in the body`}

const (
	stopTimeout = 10 * time.Second // for a recording's file to become whole
	readTimeout = 30 * time.Second // for a client to take a part of a file
)

// recordings lists the addresses of recordings. Those under a room and those of all
// rooms are the same; the latter stay when the room is gone.
func (s *site) recordingRoutes(e *echo.Echo) {
	if s.cfg.Recorder == nil {
		return
	}
	const all, ofRoom = "/api/v1/recordings", "/api/v1/rooms/:room/recordings"
	get(e, all, s.listRecordings)
	get(e, ofRoom, wellNamed(s.listRecordings))
	for _, at := range []string{all, ofRoom} {
		get(e, at+"/:id", s.recording)
		get(e, at+"/:id/file", s.recordingFile)
		get(e, at+"/:id/files/:name", s.recordingFile)
		e.PATCH(at+"/:id", sameOrigin(s.pauseRecording))
		e.DELETE(at+"/:id", sameOrigin(s.stopRecording))
	}
	e.POST(ofRoom, sameOrigin(s.startRecording))
}

// sameOrigin keeps pages of other origins from what changes something: nobody has to
// log in, so a browser inside a network is all that they would need.
func sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
				return errOrigin
			}
		}
		return next(c)
	}
}

func (s *site) startRecording(c echo.Context) error {
	var o record.Options
	if err := s.json(c, &o); err != nil {
		return err
	}
	info, err := s.cfg.Recorder.Start(c.Param("room"), o)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", c.Request().URL.Path+"/"+info.ID)
	return c.JSON(http.StatusCreated, linked(info))
}

// wellNamed refuses the names that no room can have. A room that is not there may have
// been.
func wellNamed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := mcu.CheckRoomName(c.Param("room")); err != nil {
			return err
		}
		return next(c)
	}
}

func (s *site) listRecordings(c echo.Context) error {
	all := []linkedInfo{}
	for _, info := range s.cfg.Recorder.List(c.Param("room")) {
		all = append(all, linked(info))
	}
	return fresh(c, map[string]any{"recordings": all})
}

func (s *site) recording(c echo.Context) error {
	info, err := s.cfg.Recorder.Get(c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	return fresh(c, linked(info))
}

// pauseRecording obeys {"paused":true} and {"paused":false}.
func (s *site) pauseRecording(c echo.Context) error {
	var change struct {
		Paused *bool `json:"paused"`
	}
	if err := s.json(c, &change); err != nil {
		return err
	}
	if change.Paused == nil {
		return errNoPaused
	}
	info, err := s.cfg.Recorder.Pause(c.Param("room"), c.Param("id"), *change.Paused)
	if err != nil {
		return err
	}
	return fresh(c, linked(info))
}

func (s *site) stopRecording(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	info, err := s.cfg.Recorder.Stop(ctx, c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	return fresh(c, linked(info))
}

// recordingFile serves a file as far as it is whole, also while it grows.
func (s *site) recordingFile(c echo.Context) error {
	info, err := s.cfg.Recorder.Get(c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	f, size, err := s.cfg.Recorder.Open(info.Room, info.ID, c.Param("name"))
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

// patient lets an answer take as long as its client goes on reading.
type patient struct{ *echo.Response }

func (p *patient) Write(b []byte) (int, error) {
	_ = http.NewResponseController(p.Response).SetWriteDeadline(time.Now().Add(readTimeout))
	return p.Response.Write(b)
}

// linkedInfo is a recording and where its file is.
type linkedInfo struct {
	record.Info
	File string `json:"file"`
}

func linked(info record.Info) linkedInfo {
	return linkedInfo{info, "/api/v1/recordings/" + info.ID + "/file"}
}

// fresh answers with what is true now only.
func fresh(c echo.Context, body any) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, body)
}
