package signaling

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"
)

const (
	// postCost (512 B) is what a post costs of byteRate beside its body.
	postCost = 512
	// maxPosts (8) bounds the posts of one client that are served at the same time.
	maxPosts = 8
	// goodbyeWait (5 s) is how long the server waits for the code of a client that has ended its stream:
	// the code comes over another connection, which the client may have to open first.
	goodbyeWait = 5 * time.Second
)

// eventStream is the transport of a client that has no WebSocket. The server sends events (WHATWG HTML
// §9.2) in the answer to the client's request, and the client posts its messages. A ping is an event
// that the client answers with a post. It is safe for concurrent use.
type eventStream struct {
	out    http.ResponseWriter
	turn   chan struct{}             // of one: an event is being written
	in     chan []byte               // messages for Read
	heard  chan struct{}             // of one: the client has posted
	closed chan websocket.StatusCode // of one: the client's
	over   chan struct{}             // closed when the server takes no more posts
	end    func()                    // closes over
	posts  chan struct{}             // of maxPosts: those that are being served
	bytes  *rate.Limiter             // of posts
	pinged func(context.Context, []byte) bool
	left   <-chan struct{} // closed when the request has ended: the client or the network has ended the stream
	done   <-chan struct{} // closed when the session has ended
	taken  <-chan struct{} // closed when another connection has replaced this one
}

// newEventStream returns the transport of a socket. It is the answer to a request that ends when left is closed.
func newEventStream(out http.ResponseWriter, left <-chan struct{}, k *socket) *eventStream {
	e := &eventStream{
		out: out, turn: make(chan struct{}, 1), in: make(chan []byte), heard: make(chan struct{}, 1),
		closed: make(chan websocket.StatusCode, 1), over: make(chan struct{}), posts: make(chan struct{}, maxPosts),
		bytes: rate.NewLimiter(byteRate, byteBurst), pinged: k.pinged,
		left: left, done: k.session.Done(), taken: k.taken,
	}
	e.end = sync.OnceFunc(func() { close(e.over) })
	return e
}

// Read returns the next message that the client has posted. After the stream's end it waits for the code that
// the client closes with, unless the session has ended or goes on over another connection.
func (e *eventStream) Read(ctx context.Context) (websocket.MessageType, []byte, error) {
	select {
	case data := <-e.in:
		return websocket.MessageText, data, nil
	case code := <-e.closed:
		return 0, nil, websocket.CloseError{Code: code}
	case <-ctx.Done():
	}
	wait := closeTimeout // the server ends the stream
	select {
	case <-e.left:
		wait = goodbyeWait
	default:
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case code := <-e.closed:
		return 0, nil, websocket.CloseError{Code: code}
	case <-e.over:
	case <-e.done:
	case <-e.taken:
	case <-late.C:
	}
	return 0, nil, ctx.Err()
}

// Write sends a message, which has no line break.
func (e *eventStream) Write(ctx context.Context, _ websocket.MessageType, data []byte) error {
	return e.tell(ctx, "data: "+string(data)+"\n\n")
}

// Ping returns when the client has posted after an event that asks for it.
func (e *eventStream) Ping(ctx context.Context) error {
	select {
	case <-e.heard:
	default:
	}
	if err := e.tell(ctx, "event: ping\ndata: {}\n\n"); err != nil {
		return err
	}
	select {
	case <-e.heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close tells the client why the server ends the stream.
func (e *eventStream) Close(code websocket.StatusCode, reason string) error {
	defer e.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return e.named(ctx, "close", map[string]any{"code": code, "reason": reason})
}

// CloseNow has the server take no more posts. The stream ends with its request.
func (e *eventStream) CloseNow() error {
	e.end()
	return nil
}

// named sends an event that is no message.
func (e *eventStream) named(ctx context.Context, name string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return e.tell(ctx, "event: "+name+"\ndata: "+string(data)+"\n\n")
}

// tell writes an event at once. The end of ctx breaks off a write that waits for a client that does not
// read.
func (e *eventStream) tell(ctx context.Context, text string) error {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	w, broken := http.NewResponseController(e.out), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(broken)
		_ = w.SetWriteDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-broken // the connection is another request's afterwards
		}
	}()
	if _, err := io.WriteString(e.out, text); err != nil {
		return err
	}
	return w.Flush()
}

// take hands the messages of a post to Read, in their order.
func (e *eventStream) take(ctx context.Context, messages []json.RawMessage) error {
	select {
	case e.heard <- struct{}{}:
	default:
	}
	if len(messages) == 0 && !e.pinged(ctx, nil) {
		return errTooFast
	}
	for _, m := range messages {
		select {
		case e.in <- m:
		case <-e.over:
			return errStreamOver
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
