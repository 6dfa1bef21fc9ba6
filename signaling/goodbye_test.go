package signaling

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// TestGoodbye ends the request of an event stream, and has the client's code come late or never. The server waits for
// the code of a client, but not where nobody can come or the session has ended.
func TestGoodbye(t *testing.T) {
	for name, tt := range map[string]struct {
		server bool                                       // the server ends the stream, not the client
		after  func(e *eventStream, r *remote, k *socket) // happens 4 s after the end
		took   time.Duration
		code   websocket.StatusCode
	}{
		"a late code":        {false, func(e *eventStream, _ *remote, _ *socket) { e.closed <- websocket.StatusNormalClosure }, 4 * time.Second, websocket.StatusNormalClosure},
		"no code":            {false, func(*eventStream, *remote, *socket) {}, 5 * time.Second, -1},
		"the session ends":   {false, func(_ *eventStream, r *remote, _ *socket) { close(r.done) }, 4 * time.Second, -1},
		"another connection": {false, func(_ *eventStream, _ *remote, k *socket) { close(k.taken) }, 4 * time.Second, -1},
		"no posts":           {false, func(e *eventStream, _ *remote, _ *socket) { e.end() }, 4 * time.Second, -1},
		"the server ends it": {true, func(*eventStream, *remote, *socket) {}, time.Second, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &remote{done: make(chan struct{})}
				k := &socket{session: r, taken: make(chan struct{})}
				request, leave := context.WithCancel(t.Context())
				defer leave()
				ctx, cancel := context.WithCancel(request)
				e := newEventStream(httptest.NewRecorder(), request.Done(), k)
				if tt.server {
					cancel()
				} else {
					leave()
				}
				defer cancel()
				began := time.Now()
				late := time.AfterFunc(4*time.Second, func() { tt.after(e, r, k) })
				defer late.Stop()
				_, _, err := e.Read(ctx)
				if took, code := time.Since(began), websocket.CloseStatus(err); err == nil || took != tt.took || code != tt.code {
					t.Errorf("after %v there is %v", took, err)
				}
			})
		})
	}
}
