// Package detour is what nodes of a cluster say to each other of a viewer that receives a room by a relay.
//
//	home ──▶ 421: Name ──▶ entry: Told ──▶ Say.With ──▶ request for the relay: Of
//
// A Say travels in the context of a request, and between nodes in a header that only nodes can send. It is a value.
package detour

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"tilemix/mcu/policy"
)

// Headers of a 421 by which the home of a room tells a node of its cluster which other one a viewer is to receive
// the room by, and what it has let the viewer in with.
const (
	relayHeader = "Tilemix-Relay"
	grantHeader = "Tilemix-Grant"
)

// Say is what nodes say of a viewer's request. No client can say it.
type Say struct {
	Able  bool          `json:"able,omitempty"`  // the sender of the request takes a 421 that names a relay
	Here  bool          `json:"here,omitempty"`  // this node is to relay the room to the viewer
	Pull  int           `json:"pull,omitempty"`  // a relay asks for this rung of the ladder, from 1; 0: a viewer asks
	Grant *policy.Grant `json:"grant,omitempty"` // that the home has let the viewer in with; nil: it is yet to be judged
}

type key struct{}

// With returns a request of which nodes say this.
func (s Say) With(of *http.Request) *http.Request {
	return of.WithContext(context.WithValue(of.Context(), key{}, s))
}

// Of returns what nodes say of the request of a context, the zero Say for nothing.
func Of(ctx context.Context) Say {
	s, _ := ctx.Value(key{}).(Say)
	return s
}

// Relayed tells whether the request is for a relay, or is one's.
func (s Say) Relayed() bool { return s.Here || s.Pull > 0 }

// Vouched returns what a node says that the client of a request may do.
func (s Say) Vouched() (g policy.Grant, is bool) {
	switch {
	case s.Pull > 0:
		return policy.Grant{Role: policy.Recorder, Name: "relay"}, true
	case s.Grant != nil:
		return *s.Grant, true
	}
	return g, false
}

// At is what follows the address of a session that a relay of an ID has, so that each node finds it.
func (s Say) At(node string) string {
	if !s.Here || node == "" {
		return ""
	}
	return "?at=" + node
}

// Name has the header of a 421 name a relay for a viewer with a grant.
func Name(h http.Header, node string, g policy.Grant) error {
	text, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("grant of a viewer: %w", err)
	}
	h.Set(relayHeader, node)
	h.Set(grantHeader, string(text))
	return nil
}

// Passes tells whether an answer names a relay.
func Passes(status int, h http.Header) bool {
	return status == http.StatusMisdirectedRequest && h.Get(relayHeader) != ""
}

// Told returns the relay that an answer names, and what it is to know.
func Told(h http.Header) (node string, s Say, err error) {
	s.Grant = new(policy.Grant)
	if err = json.Unmarshal([]byte(h.Get(grantHeader)), s.Grant); err != nil {
		return "", Say{}, fmt.Errorf("grant of a viewer: %w", err)
	}
	return h.Get(relayHeader), s, nil
}
