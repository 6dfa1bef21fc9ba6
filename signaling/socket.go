package signaling

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// socket is the WebSocket of one participant. Three goroutines serve it: the
// request's own reads, one writes what is queued, one pings. Whichever fails
// cancels the context, which ends the connection and with it the others.
type socket struct {
	*site
	who    *mcu.Participant
	line   int // number of this connection among his
	conn   *websocket.Conn
	cancel context.CancelFunc
	queue  chan control.Message
	pace   *rate.Limiter
	taken  chan struct{}        // closed when another connection has taken this one's place
	full   sync.Once            // the queue was, and the client is being closed
	closed websocket.StatusCode // what the client closed with, once run has returned; -1: nothing
}

// send queues a message for the client and never waits: a client that has not read
// those before it is closed. It is safe for concurrent use.
func (k *socket) send(m control.Message) {
	select {
	case k.queue <- m:
	default:
		k.full.Do(func() {
			k.slow.Inc()
			k.cancel()
		})
	}
}

// refused tells the client why its message had no effect.
func (k *socket) refused(err error) {
	_, text := explain(err)
	k.send(control.Error{Error: text})
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

// read handles the client's messages in their order, no faster than Config.Rate.
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
			err = k.handle(ctx, m)
		}
		if err != nil {
			k.refused(err)
		}
	}
}

func (k *socket) handle(ctx context.Context, m control.Message) error {
	switch m := m.(type) {
	case control.Offer:
		ctx, cancel := context.WithTimeout(ctx, k.cfg.Offer)
		defer cancel()
		answer, err := k.who.OfferBy(ctx, k.line, m.SDP)
		if err != nil {
			return err
		}
		k.send(control.Answer{SDP: answer})
		return nil
	case control.Candidate:
		return k.who.AddCandidateBy(k.line, *m.Candidate)
	case control.Answer:
		return errNoOffer
	case control.Alive:
		k.send(m)
		return nil
	default:
		k.who.Handle(m)
		return nil
	}
}

// write sends what is queued. When the participant is gone it says goodbye, after
// what the room still had to say.
func (k *socket) write(ctx context.Context) {
	defer k.cancel()
	for {
		select {
		case m := <-k.queue:
			if k.put(ctx, m) != nil {
				return
			}
		case <-k.who.Done():
			for len(k.queue) > 0 {
				if k.put(ctx, <-k.queue) != nil {
					return
				}
			}
			k.dismiss(websocket.StatusGoingAway, "you are no longer in the room")
			return
		case <-k.taken:
			k.dismiss(elsewhere, "You are in the call in another window.")
			return
		case <-ctx.Done():
			return
		}
	}
}

// elsewhere is the code that tells a page not to come back by itself.
const elsewhere = websocket.StatusCode(4001)

// farewell is how long a client that is told to go has for its own goodbye.
const farewell = time.Second

// dismiss closes the connection, in time also where the client does not answer.
func (k *socket) dismiss(code websocket.StatusCode, why string) {
	defer time.AfterFunc(farewell, k.cancel).Stop()
	_ = k.conn.Close(code, why)
}

func (k *socket) put(ctx context.Context, m control.Message) error {
	data, err := control.Encode(m)
	if err != nil {
		return err
	}
	return k.conn.Write(ctx, websocket.MessageText, data)
}

// ping ends a connection whose client no longer answers.
func (k *socket) ping(ctx context.Context) {
	defer k.cancel()
	tick := time.NewTicker(k.cfg.Ping)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			pong, stop := context.WithTimeout(ctx, k.cfg.Ping)
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
