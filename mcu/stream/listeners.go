package stream

import (
	"errors"
	"net/netip"
)

// Listeners are listeners on one port, one for each address. They are safe for concurrent use.
type Listeners []*Listener

// ListenAll listens on a port of each address, or of all addresses of the machine if none is named.
// With port 0 the system chooses one. The listeners share limits.Conns. The caller closes them.
func ListenAll(at []netip.Addr, port int, limits Limits) (Listeners, error) {
	if len(at) == 0 {
		at = []netip.Addr{{}}
	}
	limits.Conns = max(1, limits.Conns/len(at))
	var all Listeners
	for _, a := range at {
		l, err := Listen(a, port, limits)
		if err != nil {
			_ = all.Close()
			return nil, err
		}
		all, port = append(all, l), l.Port()
	}
	return all, nil
}

// Port returns the port on which the listeners listen.
func (ls Listeners) Port() int { return ls[0].Port() }

// Stats returns the counters of all listeners.
func (ls Listeners) Stats() (sum Stats) {
	for _, l := range ls {
		n := l.Stats()
		sum.Refused, sum.Dropped = sum.Refused+n.Refused, sum.Dropped+n.Dropped
	}
	return sum
}

// Close closes the listeners, see [Listener.Close].
func (ls Listeners) Close() (err error) {
	for _, l := range ls {
		err = errors.Join(err, l.Close())
	}
	return err
}
