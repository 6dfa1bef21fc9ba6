package revive

import (
	"context"
	"net/netip"
	"sync"

	"tilemix/mcu/broadcast"
	"tilemix/mcu/gateway"
	"tilemix/mcu/journal"
)

// ofOutput is the beginning of the keys of outputs in the journal.
const ofOutput = "output/"

func broadcastKey(room string) string { return "broadcast/" + room }

// output is what is kept of an output. Its address has keys, so the file is the server's alone.
type output struct {
	Room    string                `json:"room"`
	Options gateway.OutputOptions `json:"options"`
	From    netip.Prefix          `json:"from,omitzero"`
}

// book keeps what rooms have under way. It is safe for concurrent use.
type book struct {
	journal *journal.Journal // nil: nothing is kept

	mu      sync.Mutex
	outputs map[string]string // rooms, by the outputs' IDs
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

// add keeps an output.
func (b *book) add(id string, o output) {
	b.mu.Lock()
	if b.outputs == nil {
		b.outputs = map[string]string{}
	}
	b.outputs[id] = o.Room
	b.mu.Unlock()
	b.put(ofOutput+id, o)
}

// remove keeps an output no more.
func (b *book) remove(id string) {
	b.mu.Lock()
	delete(b.outputs, id)
	b.mu.Unlock()
	b.drop(ofOutput + id)
}

// of returns the outputs of a room.
func (b *book) of(room string) (ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, is := range b.outputs {
		if is == room {
			ids = append(ids, id)
		}
	}
	return ids
}

// end keeps nothing more of a room, whose outputs and broadcast have ended with it.
func (b *book) end(room string) {
	b.mu.Lock()
	for id, of := range b.outputs {
		if of == room {
			delete(b.outputs, id)
			b.drop(ofOutput + id)
		}
	}
	b.mu.Unlock()
	b.drop(broadcastKey(room))
}

// Links is a gateway whose outputs are kept.
type Links struct {
	*gateway.Gateway
	book *book
}

// AddOutput is the gateway's.
func (l *Links) AddOutput(ctx context.Context, room string, o gateway.OutputOptions) (gateway.Info, error) {
	info, err := l.Gateway.AddOutput(ctx, room, o)
	if err == nil {
		l.book.add(info.ID, output{room, o, o.From})
	}
	return info, err
}

// Remove is the gateway's.
func (l *Links) Remove(ctx context.Context, kind gateway.Kind, room, id string) error {
	err := l.Gateway.Remove(ctx, kind, room, id)
	if err == nil && kind == gateway.Output {
		l.book.remove(id)
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
	}
	return info, begun, err
}

// Stop is the broadcaster's.
func (b *Broadcasts) Stop(ctx context.Context, room string) (broadcast.Info, error) {
	b.book.drop(broadcastKey(room))
	return b.Broadcaster.Stop(ctx, room)
}
