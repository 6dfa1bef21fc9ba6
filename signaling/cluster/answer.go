package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"

	"tilemix/signaling/cluster/place"
)

// refuse answers with an error, as the site does.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusServiceUnavailable, "unavailable"
	switch {
	case errors.Is(err, errLong):
		status, code = http.StatusRequestEntityTooLarge, "too_large"
	case errors.Is(err, place.ErrFull):
		code = "server_full"
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error(), "code": code})
}

// unhurried is an answer that may take any time as long as its pieces leave.
type unhurried struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write is http.ResponseWriter's.
func (u *unhurried) Write(b []byte) (int, error) {
	_ = u.control.SetWriteDeadline(time.Now().Add(answer)) // where there are deadlines
	return u.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (u *unhurried) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// attempt is an answer of this node's that does not always count: then another node is asked.
type attempt struct {
	http.ResponseWriter
	header http.Header
	unless func(status int, h http.Header) bool
	none   bool // the answer does not count
	begun  bool
}

// Header is http.ResponseWriter's.
func (a *attempt) Header() http.Header { return a.header }

// WriteHeader is http.ResponseWriter's.
func (a *attempt) WriteHeader(status int) {
	if a.none = a.none || !a.begun && a.unless(status, a.header); a.none {
		return
	}
	if !a.begun {
		maps.Copy(a.ResponseWriter.Header(), a.header)
	}
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter's.
func (a *attempt) Write(b []byte) (int, error) {
	if a.none {
		return len(b), nil
	}
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *attempt) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// here serves a request about a session that may be at this node, which a room is leaving. It returns false
// if the session is not here. body is the request's.
func here(site http.Handler, w http.ResponseWriter, r *http.Request, body []byte) bool {
	a := &attempt{ResponseWriter: w, header: w.Header().Clone(), unless: func(status int, _ http.Header) bool { return status == http.StatusNotFound }}
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	site.ServeHTTP(a, again)
	return !a.none
}
