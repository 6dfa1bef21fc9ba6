package rtctest

import (
	"sync"
	"testing"
	"time"
)

// watch lets tests look at pictures and sounds when a client receives them.
type watch[T any] struct {
	t       testing.TB
	name    string
	account func() string // of the stream, for what a failure says

	mu   sync.Mutex
	eyes map[*eye[T]]bool
}

// eye looks until it returns no error.
type eye[T any] struct {
	look func(T) error
	last error
	done chan struct{}
}

// show calls every look with v.
func (w *watch[T]) show(v T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range w.eyes {
		if e.last = e.look(v); e.last == nil {
			delete(w.eyes, e)
			close(e.done)
		}
	}
}

// Await waits until look returns no error. It is called with everything that
// comes in, by another goroutine.
func (w *watch[T]) Await(what string, look func(T) error) {
	w.t.Helper()
	e := &eye[T]{look: look, done: make(chan struct{})}
	w.mu.Lock()
	if w.eyes == nil {
		w.eyes = map[*eye[T]]bool{}
	}
	w.eyes[e] = true
	w.mu.Unlock()
	select {
	case <-e.done:
	case <-time.After(Patience):
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.eyes, e)
		if e.last == nil {
			w.t.Fatalf("%s: waited for %s, and nothing came; %s", w.name, what, w.account())
		}
		w.t.Fatalf("%s: waited for %s; last: %v; %s", w.name, what, e.last, w.account())
	}
}

// Watch has look called with everything that comes in until forget is called.
func (w *watch[T]) Watch(look func(T)) (forget func()) {
	e := &eye[T]{look: func(v T) error { look(v); return errWatching }}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.eyes == nil {
		w.eyes = map[*eye[T]]bool{}
	}
	w.eyes[e] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.eyes, e)
	}
}
