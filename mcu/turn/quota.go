package turn

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"tilemix/mcu/stream"
)

const (
	// maxAllocations bounds the allocations of a Relay.
	maxAllocations = 2048
	// userAllocations bounds the allocations of one credential. A browser takes one for each
	// path to the server from each of its networks.
	userAllocations = 24
	// hostAllocations bounds the allocations of one address, because a client gets as many
	// credentials as it requests. An office may be behind one address.
	hostAllocations = 256
)

// quota counts allocations, and refuses those that are too many. It is safe for concurrent use.
type quota struct {
	refused atomic.Uint64

	mu     sync.Mutex // guards what follows
	users  map[string]int
	hosts  map[netip.Prefix]int // of clients
	total  int
	closed bool
	wg     sync.WaitGroup // of the allocations
}

func newQuota() *quota {
	return &quota{users: make(map[string]int), hosts: make(map[netip.Prefix]int)}
}

// hasPlace is turn.QuotaHandler: it refuses a host that has hostAllocations. Requests that
// arrive at once by several TCP connections may pass it together. Their number is small,
// because package stream bounds the connections of a host.
func (q *quota) hasPlace(_, _ string, client net.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hosts[stream.Host(client)] < hostAllocations {
		return true
	}
	q.refused.Add(1)
	return false
}

// created counts the allocation of a host in, as pion reports it.
func (q *quota) created(client, _ net.Addr, _, _, _ string, _ net.Addr, _ int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hosts[stream.Host(client)]++
}

// deleted counts it out.
func (q *quota) deleted(client, _ net.Addr, _, _, _ string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	host := stream.Host(client)
	if q.hosts[host]--; q.hosts[host] <= 0 {
		delete(q.hosts, host)
	}
}

// acquire counts the allocation of a credential in. It fails if there are too many, or after
// close.
func (q *quota) acquire(user string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errClosed
	case q.total >= maxAllocations || q.users[user] >= userAllocations:
		q.refused.Add(1)
		return errQuota
	}
	q.total++
	q.users[user]++
	q.wg.Add(1)
	return nil
}

// release counts it out.
func (q *quota) release(user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
	if q.users[user]--; q.users[user] == 0 {
		delete(q.users, user)
	}
	q.wg.Done()
}

// allocations returns the number of allocations now.
func (q *quota) allocations() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}

// close refuses allocations from now on.
func (q *quota) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}
