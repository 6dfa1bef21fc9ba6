// Package chat keeps what was said in a room for those who come later.
package chat

import (
	"encoding/json"
	"slices"

	"tilemix/mcu/control"
)

const (
	// Most (100) is how many messages a room keeps, the newest ones.
	Most = 100
	// Bytes (48 KiB) bounds their JSON, so that one message of a data channel has all.
	Bytes = 48 << 10
)

// Past has the newest messages of a room, where hosts want that. The zero Past keeps nothing. It is
// not safe for concurrent use.
type Past struct {
	Kept bool // messages are kept; changed by Keep

	messages []control.Chat
	bytes    int // of their JSON
}

// Keep says whether messages are kept from now on, and returns whether that is news. What was said
// before is forgotten, since its authors did not know.
func (p *Past) Keep(kept bool) bool {
	if p.Kept == kept {
		return false
	}
	*p = Past{Kept: kept}
	return true
}

// Add keeps a message to all, in place of the oldest ones. It does nothing unless messages are kept.
func (p *Past) Add(m control.Chat) {
	if !p.Kept {
		return
	}
	p.messages = append(p.messages, m)
	p.bytes += length(m)
	for len(p.messages) > Most || p.bytes > Bytes {
		p.bytes -= length(p.messages[0])
		p.messages = p.messages[1:]
	}
}

// Messages returns the messages, oldest first. The memory never changes.
func (p *Past) Messages() []control.Chat { return slices.Clip(p.messages) }

// length returns the length of a message's JSON, in bytes.
func length(m control.Chat) int {
	data, err := json.Marshal(m)
	if err != nil {
		return 0 // it has nothing but texts and times
	}
	return len(data)
}
