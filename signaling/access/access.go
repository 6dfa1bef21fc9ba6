// Package access decides what a request may do. It turns what a client brings (a token, an
// invite, a key, nothing) into a [policy.Grant], and asks the grant for the action of the request.
//
//	request ──▶ Request ──▶ Gate.Judge ──▶ Source: participant, token, invite, key, hook
//	                            └──▶ policy.Grant.May(action) ──▶ grant, or an error with a code
//
// A client without a secret may enter rooms that are open. It manages nothing, unless it is a
// program of this machine and there are no keys: then it may do everything, so that a server for
// one machine needs no set-up.
//
// # Why
//
// The routes know actions and no rules. Rules are in one function, so that a test can walk the
// route table, and a reader finds them.
package access

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"time"

	"tilemix/mcu/policy"
)

// Mode says what a client needs to enter a room.
type Mode string

// The modes.
const (
	Open   Mode = "open"   // nothing
	Invite Mode = "invite" // an invite, or a token
	Token  Mode = "token"  // a token
)

var (
	// ErrMissing is returned to a client that brings no secret where it needs one.
	ErrMissing = errors.New("this needs a token, an invite or an API key in the header Authorization: Bearer")
	// ErrInvalid is returned for a secret that nobody knows. Sources wrap it for what is no
	// longer valid, and say why.
	ErrInvalid = errors.New("the token, invite or API key is not valid")
)

// Request is what a client wants and what it brings.
type Request struct {
	Action   string // of package policy's table
	Room     string // "": the request is of no one room
	Name     string // that the client asks to be called
	Secret   string // "": it brings none
	Unknown  string // secret that no source knows, of a client that needs none; the gate sets it
	Resume   string // resume token of a participant that comes back; "": it does not
	PIN      string
	Protocol string // "whip", "whep", "websocket", "sse", "hls" or "http"
	Agent    string // the client's User-Agent
	Client   netip.Addr
	// Local says that the request comes from a program of this machine, and by no proxy.
	Local bool
	// Used is set to the invite that the request has used up one of; nil: nobody asks.
	Used *string
}

// Enters tells whether the client asks to be in a room.
func (q Request) Enters() bool {
	return q.Action == "connect" || q.Action == "publish" || q.Action == "watch"
}

// Source knows secrets of one kind. It is safe for concurrent use.
type Source interface {
	// Grant returns what a request's secret gives. mine is false for a secret of another kind.
	// Errors wrap ErrInvalid.
	Grant(ctx context.Context, q Request) (g policy.Grant, mine bool, err error)
}

// Config says what a gate asks for.
type Config struct {
	Mode Mode
	// Auth returns the mode of a room that has its own, "" for others. It may be nil.
	Auth    func(room string) (Mode, error)
	Trusts  func() bool // programs of this machine may do everything; nil: always
	Members Source      // of those who are in rooms already; nil: none
	Sources []Source    // of other secrets, in the order in which they are asked
	Checks  []Check     // of what a client was granted, when it enters a room
}

// Check changes what a client is granted that enters a room, or says why it may not.
type Check func(ctx context.Context, q Request, g policy.Grant, now time.Time) (policy.Grant, error)

// Gate judges requests. It is safe for concurrent use.
type Gate struct{ cfg Config }

// New returns a gate.
func New(cfg Config) *Gate {
	if cfg.Trusts == nil {
		cfg.Trusts = func() bool { return true }
	}
	return &Gate{cfg}
}

// OpenGate returns the gate of a server without keys, whose rooms are open.
func OpenGate(members Source) *Gate { return New(Config{Mode: Open, Members: members}) }

// Judge returns what the client may do in the room, or why it may not do what it asks for: an error
// that wraps ErrMissing, ErrInvalid or policy.ErrForbidden.
func (g *Gate) Judge(ctx context.Context, q Request) (policy.Grant, error) {
	if g.cfg.Members != nil {
		if grant, mine, err := g.cfg.Members.Grant(ctx, q); mine {
			return grant, cmp.Or(err, grant.May(q.Action))
		}
	}
	grant, err := g.grant(ctx, &q)
	if err != nil {
		return policy.Grant{}, err
	}
	if err := grant.May(q.Action); err != nil || !q.Enters() {
		return grant, err
	}
	for _, check := range g.cfg.Checks {
		if grant, err = check(ctx, q, grant, time.Now()); err != nil {
			return policy.Grant{}, err
		}
	}
	return grant, nil
}

// free tells whether a request asks to enter a room that is open.
func (g *Gate) free(q *Request) (bool, error) {
	if !q.Enters() || g.cfg.Auth == nil || q.Room == "" {
		return q.Enters() && g.cfg.Mode == Open, nil
	}
	mode, err := g.cfg.Auth(q.Room)
	return cmp.Or(mode, g.cfg.Mode) == Open, err
}

func (g *Gate) grant(ctx context.Context, q *Request) (policy.Grant, error) {
	free, err := g.free(q)
	if err != nil {
		return policy.Grant{}, err
	}
	if q.Secret != "" {
		for _, s := range g.cfg.Sources {
			if grant, mine, err := s.Grant(ctx, *q); mine || err != nil {
				return grant, err
			}
		}
		if !free { // encoders send stream keys to whatever server; an open room needs none
			return policy.Grant{}, ErrInvalid
		}
		q.Secret, q.Unknown = "", q.Secret // nobody knows it, so it spares no PIN
	}
	switch {
	case free && q.Action == "watch":
		return policy.Grant{Role: policy.Viewer}, nil
	case free:
		return policy.Grant{First: q.Action == "connect"}, nil
	case q.Local && q.Secret == "" && !q.Enters() && g.cfg.Trusts():
		return policy.Grant{Role: policy.Host, Rights: policy.All()}, nil
	}
	return policy.Grant{}, ErrMissing
}
