package signaling

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"
)

// maxPosted (100) is the most messages of one post.
const maxPosted = 100

var (
	errStreamBody = &refusal{http.StatusBadRequest, "this address takes no body: post messages to the address of the event session"}
	errPosted     = &refusal{http.StatusBadRequest, fmt.Sprintf("the body must be a control message, or an array of at most %d", maxPosted)}
	errPosts      = &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d posts to this session are being served: wait for their answers", maxPosts)}
	errStreamOver = &refusal{http.StatusNotFound, "there is no such session: it has ended"}
	errCloseCode  = &refusal{http.StatusBadRequest, "code must be that of a WebSocket's close, from 1000 to 4999"}
)

// eventStreams makes a participant of each client that has no WebSocket, as [sockets] does of those that
// have one. It is safe for concurrent use.
type eventStreams struct {
	sockets *sockets
	bodies  bodies

	mu     sync.Mutex
	byPath map[string]*eventStream // by the path of the session, which ends in a secret
}

func newEventStreams(s *sockets, b bodies) *eventStreams {
	return &eventStreams{sockets: s, bodies: b, byPath: map[string]*eventStream{}}
}

// open serves an event stream until it ends. Its first event tells where the client posts. The request
// is a POST, because a browser sends Origin with each.
func (s *eventStreams) open(c echo.Context) error {
	r, out := c.Request(), c.Response().Writer
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	k, err := s.sockets.join(c, cancel, bodiless)
	if err != nil {
		return err
	}
	defer k.part()
	e, path := newEventStream(out, r.Context().Done(), k), r.URL.Path+"/"+rand.Text()
	s.keep(path, e)
	defer s.keep(path, nil)
	defer e.end()
	k.conn = e
	_ = http.NewResponseController(out).SetReadDeadline(time.Time{})
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	if e.named(ctx, "session", map[string]string{"address": outside(r, path)}) == nil {
		k.run(ctx)
	}
	return nil
}

// post hands the messages of a body to a client's socket. The answer comes when the socket has read
// them, so that a client that waits for it keeps to the socket's pace.
func (s *eventStreams) post(c echo.Context) error {
	e, err := s.find(c)
	if err != nil {
		return err
	}
	select {
	case e.posts <- struct{}{}:
		defer func() { <-e.posts }()
	default:
		return errPosts
	}
	body, err := s.bodies.read(c, typeJSON, errJSONType)
	if err != nil {
		return err
	}
	messages, err := posted(body)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := e.bytes.WaitN(ctx, min(len(body)+postCost, byteBurst)); err != nil {
		return err
	}
	if err := e.take(ctx, messages); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// remove ends a session as a close of a WebSocket with the same code does.
func (s *eventStreams) remove(c echo.Context) error {
	e, err := s.find(c)
	if err != nil {
		return err
	}
	code := websocket.StatusNormalClosure
	if text := c.QueryParam("code"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1000 || n > 4999 {
			return errCloseCode
		}
		code = websocket.StatusCode(n)
	}
	select {
	case e.closed <- code:
	default: // it has said so before
	}
	return c.NoContent(http.StatusNoContent)
}

// keep remembers a stream by its path, or forgets it.
func (s *eventStreams) keep(path string, e *eventStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e == nil {
		delete(s.byPath, path)
		return
	}
	s.byPath[path] = e
}

func (s *eventStreams) find(c echo.Context) (*eventStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byPath[c.Request().URL.Path]; e != nil {
		return e, nil
	}
	return nil, errStreamOver
}

// bodiless refuses a request with a body: net/http notices that a client has gone only when there is
// no body left.
func bodiless(r *http.Request) error {
	if r.ContentLength != 0 {
		return errStreamBody
	}
	return nil
}

// posted returns the messages of a body. One that is no message is refused by the socket.
func posted(body string) (messages []json.RawMessage, err error) {
	if !strings.HasPrefix(strings.TrimSpace(body), "[") {
		return []json.RawMessage{json.RawMessage(body)}, nil
	}
	if json.Unmarshal([]byte(body), &messages) != nil || len(messages) > maxPosted {
		return nil, errPosted
	}
	return messages, nil
}
