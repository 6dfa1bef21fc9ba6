package worker

// mostPast (5) packets of a voice are known: 100 ms, after which a new decoder has found to what the old one had.
// It predicts from what it decoded before (RFC 6716, sections 4.2.7.6 and 4.3.2.1).
const mostPast = 5

// past has the newest packets of a voice, so that the decoder of another worker takes up where the one before
// ended. It does not allocate in steady state.
type past struct {
	packets [mostPast][]byte
	next    int  // where the next one goes
	count   int  // of them
	behind  int  // of the newest ones the worker has not had so many
	spoiled bool // a worker ended with the newest packet, which is not to be added
}

// add takes the packet that came last. given: the worker has had it.
func (p *past) add(packet []byte, given bool) {
	if p.spoiled {
		p.spoiled = false
		return
	}
	p.packets[p.next] = append(p.packets[p.next][:0], packet...)
	p.next = (p.next + 1) % mostPast
	p.count = min(p.count+1, mostPast)
	if p.behind = min(p.behind+1, p.count); given {
		p.behind = 0
	}
}

// packet returns the n-th newest, from 1.
func (p *past) packet(n int) []byte { return p.packets[(p.next-n+mostPast)%mostPast] }

// bytes returns the length of the n newest.
func (p *past) bytes(n int) (sum int) {
	for i := range n {
		sum += len(p.packet(i + 1))
	}
	return sum
}
