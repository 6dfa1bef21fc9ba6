package worker

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The turns at a door. Other values are the server's turn too.
const (
	servers uint32 = iota // it may ask
	workers               // it is to answer
	over                  // it has died
)

// What futex does, as linux/futex.h has it.
const futexWait, futexWake = 0, 1

// door is the part of a slot by which a request goes to the worker and its reply comes back. Each side
// sleeps on turn (futex(2)): that is a third of what messages by a socket cost, and needs no
// goroutine between.
type door struct {
	turn           *uint32
	request, reply *[size]byte
}

// door returns a slot's.
func (m *memory) door(slot int) door {
	b := m.bytes[slot*m.slot:][:head]
	return door{
		turn:    (*uint32)(unsafe.Pointer(&b[0])),
		request: (*[size]byte)(b[64:]), reply: (*[size]byte)(b[128:]), // in a cache line each
	}
}

// ask gives the worker a request. The server may not ask while it is the worker's turn.
func (d door) ask(r request) {
	r.put(d.request)
	d.pass(workers)
}

// answer gives the server a reply.
func (d door) answer(r reply) {
	r.put(d.reply)
	d.pass(servers)
}

// pass gives the turn away.
func (d door) pass(to uint32) {
	atomic.StoreUint32(d.turn, to)
	futex(d.turn, futexWake, 1, nil)
}

// settled waits until it is not the worker's turn, and tells whether that came in time.
func (d door) settled(patience time.Duration) bool {
	until := time.Now().Add(patience)
	for left := patience; atomic.LoadUint32(d.turn) == workers; left = time.Until(until) {
		if left <= 0 {
			return false
		}
		t := unix.NsecToTimespec(int64(left))
		futex(d.turn, futexWait, workers, &t)
	}
	return true
}

// asked waits until it is the worker's turn.
func (d door) asked() {
	for {
		was := atomic.LoadUint32(d.turn)
		if was == workers {
			return
		}
		futex(d.turn, futexWait, was, nil)
	}
}

// futex waits while a word has a value, or wakes that many that wait for it to change. A wait may end
// early.
func futex(word *uint32, op int, value uint32, most *unix.Timespec) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(op), uintptr(value), uintptr(unsafe.Pointer(most)), 0, 0)
}
