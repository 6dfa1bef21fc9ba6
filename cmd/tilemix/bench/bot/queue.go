package bot

import "time"

// due is a task of a bot and the time at which the crowd runs it next.
type due struct {
	at  int64 // ns since the epoch
	bot *Bot
	do  task
}

// task runs at a time, in ns since the epoch. It returns the ns until the crowd runs it
// again.
type task func(at int64) int64

// queue is a heap by time.
type queue []*due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *queue) Push(x any) {
	if d, ok := x.(*due); ok {
		*q = append(*q, d)
	}
}

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// phase returns when bot n begins a task that it repeats once a period, soon after now.
// It spreads the bots over the period, so that no two bots are in step. The moment at
// which a bot joined has no effect, because each run should be like the one before.
func phase(n uint32, now int64, period time.Duration) int64 {
	const golden = 0x9e3779b9 // of 2³²
	next := (now/int64(period) + 1) * int64(period)
	return next + int64(period)*int64(n*golden>>8)>>24
}
