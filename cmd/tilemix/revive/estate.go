package revive

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"

	"tilemix/mcu/gateway"
)

// estate is what other servers have left of calls: the one before, which crashed, and other nodes of the cluster,
// whose rooms go on here. Each piece is taken once. It is safe for concurrent use.
type estate struct {
	mu   sync.Mutex
	left map[string]json.RawMessage
}

// add takes what a server has left.
func (e *estate) add(left map[string]json.RawMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left == nil {
		e.left = map[string]json.RawMessage{}
	}
	maps.Copy(e.left, left)
}

// take returns the value of a key, nil for none.
func (e *estate) take(key string) json.RawMessage {
	e.mu.Lock()
	defer e.mu.Unlock()
	value := e.left[key]
	delete(e.left, key)
	return value
}

// links takes the outputs or the inputs of a room, by their IDs.
func (e *estate) links(kind gateway.Kind, room string) map[string]link {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := map[string]link{}
	for key, value := range e.left {
		id, is := strings.CutPrefix(key, name{kind, ""}.key())
		var was link
		if is && json.Unmarshal(value, &was) == nil && was.Room == room {
			found[id] = was
			delete(e.left, key)
		}
	}
	return found
}

// clear forgets what nobody has taken.
func (e *estate) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.left)
}
