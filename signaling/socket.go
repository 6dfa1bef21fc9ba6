package signaling

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"tilemix/mcu/control"
)

// What the server closes a control connection with.
const (
	// movedElsewhere says that another connection of the same participant has replaced
	// this one, so that the page does not come back by itself.
	movedElsewhere = websocket.StatusCode(4001)
	// closeTimeout is the client's time to answer a close.
	closeTimeout = time.Second
)

// transport is the connection of one client: a [websocket.Conn], or an [eventStream] where there is no
// WebSocket. Its methods are as those of websocket.Conn. The error of Read has the code that the client
// closed with, see [websocket.CloseStatus].
type transport interface {
	Read(ctx context.Context) (websocket.MessageType, []byte, error)
	Write(ctx context.Context, kind websocket.MessageType, data []byte) error
	Ping(ctx context.Context) error
	Close(code websocket.StatusCode, reason string) error
	CloseNow() error
}

// socket is the control connection of one client. Three goroutines serve it: the request's own
// reads, one writes the queue, one pings. The one that fails cancels the context, which
// ends the connection and the other two.
type socket struct {
	session stay
	conn    transport
	cancel  context.CancelFunc
	queue   chan control.Message
	pace    *rate.Limiter
	taken   chan struct{}        // closed when another connection has replaced this one
	full    sync.Once            // the queue was full, and the server closes the connection
	flood   sync.Once            // the client floods, and the server closes the connection
	closed  websocket.StatusCode // the client's, once run has returned; -1: none

	*socketCounts
	restarts *rate.Limiter // of offers
	dear     func() error  // why the client's address may send no offer now
	noted    func(error)   // takes note of what was refused
	pings    *rate.Limiter // of the client's control frames
	offer    time.Duration // for the answer to an offer
	every    time.Duration // between pings
}

// send queues a message for the client and never waits. A client that lets the queue fill
// up is closed. Chat takes half of the queue at most, so that chatterers close nobody. It is
// safe for concurrent use.
func (k *socket) send(m control.Message) {
	if _, chat := m.(control.Chat); chat && len(k.queue) >= cap(k.queue)/2 {
		k.chatDropped.Inc()
		return
	}
	select {
	case k.queue <- m:
	default:
		k.full.Do(func() {
			k.slow.Inc()
			k.cancel()
		})
	}
}

// refuse tells the client why its message had no effect.
func (k *socket) refuse(err error) {
	status, text := explain(err)
	k.noted(err)
	k.send(control.Error{Error: text, Code: code(err, status)})
}

// run serves the connection until it ends.
func (k *socket) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { k.write(ctx) })
	wg.Go(func() { k.ping(ctx) })
	k.read(ctx)
	k.cancel()
	wg.Wait()
	_ = k.conn.CloseNow()
}

// read handles the client's messages in their order, no faster than pace allows.
func (k *socket) read(ctx context.Context) {
	for {
		_, data, err := k.conn.Read(ctx)
		if err != nil {
			k.closed = websocket.CloseStatus(err)
			return
		}
		if k.pace.Wait(ctx) != nil {
			return
		}
		m, err := control.Parse(data)
		if err == nil {
			err = k.obey(ctx, m)
		}
		if err != nil {
			k.refuse(err)
		}
	}
}

// obey carries out one message.
func (k *socket) obey(ctx context.Context, m control.Message) error {
	switch m := m.(type) {
	case control.Offer:
		if !k.restarts.Allow() {
			return errTooRestless
		}
		if err := k.dear(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, k.offer)
		defer cancel()
		answer, err := k.session.Offer(ctx, m.SDP)
		if err != nil {
			return err
		}
		k.send(control.Answer{SDP: answer})
		return nil
	case control.Candidate:
		return k.session.Candidate(*m.Candidate)
	case control.Answer:
		return errNoOffer
	case control.Alive:
		k.send(m)
		return nil
	default:
		k.session.Command(m)
		return nil
	}
}

// write sends the queue. When the session has ended it closes the connection, after the
// room's last messages.
func (k *socket) write(ctx context.Context) {
	defer k.cancel()
	for {
		select {
		case m := <-k.queue:
			if k.put(ctx, m) != nil {
				return
			}
		case <-k.session.Done():
			for len(k.queue) > 0 {
				if k.put(ctx, <-k.queue) != nil {
					return
				}
			}
			k.dismiss(websocket.StatusGoingAway, "you are no longer in the room")
			return
		case <-k.taken:
			k.dismiss(movedElsewhere, "You are in the call in another window.")
			return
		case <-ctx.Done():
			return
		}
	}
}

// dismiss closes the connection, after closeTimeout also without the client's answer.
func (k *socket) dismiss(code websocket.StatusCode, why string) {
	defer time.AfterFunc(closeTimeout, k.cancel).Stop()
	_ = k.conn.Close(code, why)
}

func (k *socket) put(ctx context.Context, m control.Message) error {
	data, err := control.Encode(m)
	if err != nil {
		return err
	}
	return k.conn.Write(ctx, websocket.MessageText, data)
}

// pinged takes note of a control frame of the client, and closes a client that floods.
func (k *socket) pinged(context.Context, []byte) (answer bool) {
	if !k.pings.Allow() {
		k.flood.Do(func() {
			k.flooded.Inc()
			k.cancel()
		})
		return false
	}
	return true
}

// ping ends a connection whose client no longer answers.
func (k *socket) ping(ctx context.Context) {
	defer k.cancel()
	tick := time.NewTicker(k.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			pong, stop := context.WithTimeout(ctx, k.every)
			err := k.conn.Ping(pong)
			stop()
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
