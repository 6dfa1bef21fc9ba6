package revive

import (
	"context"
	"encoding/json"
	"net/netip"
	"sync"

	"tilemix/mcu/broadcast"
	"tilemix/mcu/gateway"
	"tilemix/mcu/journal"
)

func broadcastKey(room string) string { return "broadcast/" + room }

// link is what is kept of an output or an input. Its address has keys, so the file is the server's alone.
type link struct {
	Room    string          `json:"room"`
	Options json.RawMessage `json:"options"`
	From    netip.Prefix    `json:"from,omitzero"`
}

// name is what an output or an input is kept by.
type name struct {
	kind gateway.Kind
	id   string
}

func (n name) key() string { return string(n.kind) + "/" + n.id }

// book keeps what rooms have under way. It is safe for concurrent use.
type book struct {
	journal *journal.Journal // nil: nothing is kept

	mu    sync.Mutex
	links map[name]string // rooms of outputs and inputs
}

func (b *book) put(key string, value any) {
	if b.journal != nil {
		b.journal.Put(key, value)
	}
}

func (b *book) drop(key string) {
	if b.journal != nil {
		b.journal.Drop(key)
	}
}

// add keeps an output or an input.
func (b *book) add(n name, room string, options any, from netip.Prefix) {
	data, err := json.Marshal(options)
	if err != nil { // options came as JSON
		return
	}
	b.mu.Lock()
	if b.links == nil {
		b.links = map[name]string{}
	}
	b.links[n] = room
	b.mu.Unlock()
	b.put(n.key(), link{room, data, from})
}

// remove keeps an output or an input no more.
func (b *book) remove(n name) {
	b.mu.Lock()
	delete(b.links, n)
	b.mu.Unlock()
	b.drop(n.key())
}

// of returns the outputs and inputs of a room.
func (b *book) of(room string) (all []name) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, is := range b.links {
		if is == room {
			all = append(all, n)
		}
	}
	return all
}

// end keeps nothing more of a room, whose outputs, inputs and broadcast have ended with it.
func (b *book) end(room string) {
	for _, n := range b.of(room) {
		b.remove(n)
	}
	b.drop(broadcastKey(room))
}

// Links is a gateway whose outputs and inputs are kept.
type Links struct {
	*gateway.Gateway
	book *book
}

// AddOutput is the gateway's.
func (l *Links) AddOutput(ctx context.Context, room string, o gateway.OutputOptions) (gateway.Info, error) {
	info, err := l.Gateway.AddOutput(ctx, room, o)
	if err == nil {
		l.book.add(name{gateway.Output, info.ID}, room, o, o.From)
	}
	return info, err
}

// AddInput is the gateway's.
func (l *Links) AddInput(ctx context.Context, room string, o gateway.InputOptions) (gateway.Info, error) {
	kept := make(chan name, 1) // the input's, once it is kept
	o.Ended = func() {
		if n := <-kept; n.id != "" {
			l.book.remove(n)
		}
	}
	info, err := l.Gateway.AddInput(ctx, room, o)
	if err == nil {
		l.book.add(name{gateway.Input, info.ID}, room, o, o.From)
	}
	kept <- name{gateway.Input, info.ID}
	return info, err
}

// Remove is the gateway's.
func (l *Links) Remove(ctx context.Context, kind gateway.Kind, room, id string) error {
	err := l.Gateway.Remove(ctx, kind, room, id)
	if err == nil {
		l.book.remove(name{kind, id})
	}
	return err
}

// Broadcasts is a broadcaster whose broadcasts are kept, but for those that a player has begun.
type Broadcasts struct {
	*broadcast.Broadcaster
	book *book
}

// Start is the broadcaster's.
func (b *Broadcasts) Start(room string, o broadcast.Options) (broadcast.Info, bool, error) {
	info, begun, err := b.Broadcaster.Start(room, o)
	if err == nil && (begun || o.View != nil) {
		b.book.put(broadcastKey(room), o)
		b.forget(room) // it was stopped as it began
	}
	return info, begun, err
}

// Stop is the broadcaster's.
func (b *Broadcasts) Stop(ctx context.Context, room string) (broadcast.Info, error) {
	b.book.drop(broadcastKey(room))
	info, err := b.Broadcaster.Stop(ctx, room)
	b.forget(room) // it may have begun meanwhile
	return info, err
}

// forget keeps a broadcast no more that is off.
func (b *Broadcasts) forget(room string) {
	if info, err := b.Get(room); err != nil || info.State == broadcast.Off {
		b.book.drop(broadcastKey(room))
	}
}

// leave ends the outputs and inputs of a room that has left.
func (r *Revival) leave(ctx context.Context, room string) {
	for _, n := range r.book.of(room) {
		trial, cancel := context.WithTimeout(ctx, trying)
		if err := r.links.Remove(trial, n.kind, room, n.id); err != nil {
			r.log.Warn("an output or input stays, of a room that goes on at another server", "room", room, "what", n.key(), "reason", err)
		}
		cancel()
	}
}
