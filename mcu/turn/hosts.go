package turn

import (
	"net"

	"tilemix/mcu/stream"
)

// hasPlace is turn.QuotaHandler: it refuses a host that has all the relays it may have.
// Requests by several TCP connections that come at once may pass it together; they are
// few, since these are bounded too.
func (s *Server) hasPlace(_, _ string, client net.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from[stream.Host(client)] < hostRelays {
		return true
	}
	s.overQuota.Add(1)
	return false
}

// came counts the relay of a host in, as pion tells of it.
func (s *Server) came(client, _ net.Addr, _, _, _ string, _ net.Addr, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from[stream.Host(client)]++
}

// went counts it out.
func (s *Server) went(client, _ net.Addr, _, _, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host := stream.Host(client)
	if s.from[host]--; s.from[host] <= 0 {
		delete(s.from, host)
	}
}
