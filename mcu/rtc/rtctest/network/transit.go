package network

import (
	"cmp"
	"container/heap"
	"net"
	"slices"
	"time"
)

// packet is on its way.
type packet struct {
	due  time.Time
	turn int // of those due at the same time
	data []byte
	addr net.Addr
}

// transit is packets on their way, the next one due first (container/heap).
type transit struct {
	packets []packet
	turn    int
}

// add has data arrive a number of times, a millisecond apart.
func (t *transit) add(data []byte, addr net.Addr, due time.Time, times int) {
	for range times {
		t.turn++
		heap.Push(t, packet{due: due, turn: t.turn, data: append([]byte(nil), data...), addr: addr})
		due = due.Add(time.Millisecond)
	}
}

// next returns how long the next packet has, if there is one.
func (t *transit) next(now time.Time) (time.Duration, bool) {
	if len(t.packets) == 0 {
		return 0, false
	}
	return t.packets[0].due.Sub(now), true
}

func (t *transit) take() packet { return heap.Pop(t).(packet) }

func (t *transit) Len() int { return len(t.packets) }

func (t *transit) Less(i, j int) bool {
	a, b := t.packets[i], t.packets[j]
	return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.turn, b.turn)) < 0
}

func (t *transit) Swap(i, j int) { t.packets[i], t.packets[j] = t.packets[j], t.packets[i] }

// Push is for container/heap.
func (t *transit) Push(p any) { t.packets = append(t.packets, p.(packet)) }

// Pop is for container/heap.
func (t *transit) Pop() any {
	last := len(t.packets) - 1
	p := t.packets[last]
	t.packets = slices.Delete(t.packets, last, last+1)
	return p
}
