package signaling

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/signaling/access"
)

const (
	// onceLife (24 h) is how long the answer to a request with an Idempotency-Key is kept.
	onceLife = 24 * time.Hour
	// maxOnce (1000) bounds the answers that are kept. With more, the oldest is forgotten.
	maxOnce = 1000
	// maxOnceKey (255) is the most bytes of an Idempotency-Key.
	maxOnceKey = 255
)

var (
	errOnceKey   = &refusal{http.StatusBadRequest, "Idempotency-Key must have 1 to 255 bytes"}
	errOnceOther = &refusal{http.StatusUnprocessableEntity, "this Idempotency-Key was sent with another body before: take a new one for each request"}
	errOnceNow   = &refusal{http.StatusConflict, "a request with this Idempotency-Key is being served: wait for its answer"}
)

// once keeps answers to requests with an Idempotency-Key, so that a client that got none may send the
// request again without another effect. They are kept in memory. It is safe for concurrent use.
type once struct {
	max int64 // bytes of a body

	mu      sync.Mutex // guards what follows
	answers map[onceID]*onceAnswer
	order   []onceID // oldest first
}

// onceID is a request: what asks, for what, by which key.
type onceID [sha256.Size]byte

// onceAnswer is the answer to a request.
type onceAnswer struct {
	at     time.Time
	body   [sha256.Size]byte // of the request
	status int               // 0: it is being served
	header http.Header
	answer []byte
}

func newOnce(max int64) *once { return &once{max: max, answers: map[onceID]*onceAnswer{}} }

// serve serves a request, or answers as to the same request before. Only answers that tell of an effect
// are kept, because a request that was refused had none.
func (o *once) serve(c echo.Context, q access.Request, serve echo.HandlerFunc) error {
	r := c.Request()
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 || r.Method != http.MethodPost || q.Protocol != "http" {
		return serve(c)
	}
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxOnceKey {
		return errOnceKey
	}
	sent, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, o.max))
	if err != nil { // what reads it says why
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(sent), failing{err}))
		return serve(c)
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	id := onceID(sha256.Sum256([]byte(strings.Join([]string{q.Secret, q.Client.String(), r.URL.Path, keys[0]}, "\x00"))))
	if q.Secret != "" { // a program may move
		id = sha256.Sum256([]byte(strings.Join([]string{q.Secret, "", r.URL.Path, keys[0]}, "\x00")))
	}
	before, err := o.begin(id, sha256.Sum256(sent), time.Now())
	if err != nil {
		return err
	}
	if before != nil {
		return before.replay(c)
	}
	return o.keep(c, id, serve)
}

// keep serves a request and keeps its answer.
func (o *once) keep(c echo.Context, id onceID, serve echo.HandlerFunc) error {
	tee := &teeWriter{ResponseWriter: c.Response().Writer}
	c.Response().Writer = tee
	kept := false
	defer func() {
		c.Response().Writer = tee.ResponseWriter
		if !kept {
			o.forget(id)
		}
	}()
	if err := serve(c); err != nil {
		return err
	}
	if status := c.Response().Status; status >= 200 && status < 300 {
		kept = true
		o.end(id, status, c.Response().Header().Clone(), tee.text.Bytes())
	}
	return nil
}

// begin returns the answer to the same request before, or nil and begins.
func (o *once) begin(id onceID, body [sha256.Size]byte, now time.Time) (*onceAnswer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.order) > 0 && (len(o.order) >= maxOnce || now.Sub(o.answers[o.order[0]].at) > onceLife) {
		delete(o.answers, o.order[0])
		o.order = o.order[1:]
	}
	switch before := o.answers[id]; {
	case before == nil:
	case before.body != body:
		return nil, errOnceOther
	case before.status == 0:
		return nil, errOnceNow
	default:
		return before, nil
	}
	o.answers[id] = &onceAnswer{at: now, body: body}
	o.order = append(o.order, id)
	return nil, nil
}

func (o *once) end(id onceID, status int, h http.Header, answer []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.answers[id]; a != nil {
		o.answers[id] = &onceAnswer{a.at, a.body, status, h, answer}
	}
}

func (o *once) forget(id onceID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.answers[id]; !ok {
		return
	}
	delete(o.answers, id)
	for i, other := range o.order {
		if other == id {
			o.order = append(o.order[:i], o.order[i+1:]...)
			return
		}
	}
}

// replay sends an answer once more.
func (a *onceAnswer) replay(c echo.Context) error {
	h := c.Response().Header()
	for _, name := range []string{"Cache-Control", "Content-Type", "ETag", "Location"} {
		if v := a.header.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	h.Set("Idempotency-Replayed", "true")
	c.Response().WriteHeader(a.status)
	_, err := c.Response().Write(a.answer)
	return err
}

// teeWriter keeps what is written.
type teeWriter struct {
	http.ResponseWriter
	text bytes.Buffer
}

func (w *teeWriter) Write(p []byte) (int, error) {
	w.text.Write(p)
	return w.ResponseWriter.Write(p)
}

// Unwrap is what http.ResponseController asks.
func (w *teeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// failing is a reader that has failed.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
