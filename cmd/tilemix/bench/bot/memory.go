package bot

import (
	"sync"
	"time"
)

// memory keeps the newest sendings. It is safe for concurrent use.
type memory struct {
	mu   sync.Mutex
	ring []Sending
	n    int
}

func newMemory(size int) *memory { return &memory{ring: make([]Sending, size)} }

func (m *memory) add(index int) {
	if len(m.ring) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ring[m.n%len(m.ring)] = Sending{index, time.Now()}
	m.n++
}

// all returns a copy, oldest first.
func (m *memory) all() []Sending {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n <= len(m.ring) {
		return append([]Sending(nil), m.ring[:m.n]...)
	}
	at := m.n % len(m.ring)
	return append(append([]Sending(nil), m.ring[at:]...), m.ring[:at]...)
}
