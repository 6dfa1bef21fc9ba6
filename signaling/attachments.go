package signaling

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/control"
	"tilemix/signaling/attachment"
)

// uploadTimeout (2 min) is the time for a file to arrive, which is 0.7 Mbit/s.
const uploadTimeout = 2 * time.Minute

// attachments serves the files that participants send in the chat. It is safe for concurrent use.
type attachments struct {
	srv   Server
	store *attachment.Store
}

// locatedFile is a file with its address.
type locatedFile struct {
	control.ChatFile
	Address string `json:"address"`
}

// upload keeps a file of a room that somebody is in. The chat then names it by its ID.
func (a *attachments) upload(c echo.Context) error {
	r, room := c.Request(), c.Param("room")
	if _, err := a.srv.Room(room); err != nil {
		return err
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(uploadTimeout))
	file, err := a.store.Put(room, c.QueryParam("name"), r.ContentLength, r.Body, time.Now())
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errBody
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{http.StatusRequestTimeout, "the file did not arrive within " + uploadTimeout.String()}
	case errors.Is(err, attachment.ErrTooLarge), errors.Is(err, attachment.ErrFull):
		// A client that still sends while the server closes the connection gets a reset instead of the answer.
		_, _ = io.CopyN(io.Discard, r.Body, 4*attachment.Default().MaxFile)
		return err
	case err != nil:
		return err
	}
	at := outside(r, r.URL.EscapedPath()+"/"+file.ID)
	c.Response().Header().Set("Location", at)
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusCreated, locatedFile{file, at})
}

// file serves a file to a client that knows its ID. Browsers save it and never show it as a page of
// this server.
func (a *attachments) file(c echo.Context) error {
	f, known, err := a.store.Read(c.Param("room"), c.Param("id"), time.Now())
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": known.Name}))
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", `"`+known.ID+`"`)
	http.ServeContent(&patient{c.Response()}, c.Request(), "", time.Time{}, f)
	return nil
}
