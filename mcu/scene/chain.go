package scene

import "sync/atomic"

// Chain is a room's scenes. Publish belongs to the room's loop; the rest is safe for
// concurrent use.
type Chain struct {
	newest atomic.Pointer[Scene]
	wake   chan struct{}
}

// NewChain returns a chain with an empty scene.
func NewChain() *Chain {
	c := &Chain{wake: make(chan struct{}, 1)}
	c.newest.Store(&Scene{superseded: make(chan struct{})})
	return c
}

// Publish makes s the newest scene. It must not change afterwards.
func (c *Chain) Publish(s *Scene) {
	s.superseded = make(chan struct{})
	old := c.newest.Swap(s)
	old.next.Store(s)
	close(old.superseded)
}

// Newest returns the newest scene.
func (c *Chain) Newest() *Scene { return c.newest.Load() }

// Wake ends the rest of the clock that waits for Cursor.Woken, though the scene did not
// change.
func (c *Chain) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Cursor returns a cursor at the newest scene. A clock takes it before the first scene is
// published that departs from another.
func (c *Chain) Cursor() *Cursor { return &Cursor{scene: c.newest.Load(), wake: c.wake} }

// Cursor is one clock's place in a chain. It belongs to that clock.
type Cursor struct {
	scene *Scene
	wake  <-chan struct{}
}

// Scene returns the scene that the cursor is at.
func (c *Cursor) Scene() *Scene { return c.scene }

// Next moves to the next scene. It returns false at the newest.
func (c *Cursor) Next() bool {
	next := c.scene.next.Load()
	if next == nil {
		return false
	}
	c.scene = next
	return true
}

// Behind tells whether there is a newer scene.
func (c *Cursor) Behind() bool { return c.scene.next.Load() != nil }

// Superseded is closed when there is a newer scene.
func (c *Cursor) Superseded() <-chan struct{} { return c.scene.superseded }

// Woken receives after Chain.Wake. Only one clock of a room may receive from it.
func (c *Cursor) Woken() <-chan struct{} { return c.wake }
