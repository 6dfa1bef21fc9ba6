package access

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tilemix/mcu/policy"
)

// one knows one secret, for one room.
type one struct {
	secret, room string
	role         policy.Role
}

func (o one) Grant(_ context.Context, q Request) (policy.Grant, bool, error) {
	switch {
	case q.Secret != o.secret:
		return policy.Grant{}, false, nil
	case q.Room != o.room:
		return policy.Grant{}, true, ErrInvalid
	}
	return policy.Grant{Role: o.role}, true, nil
}

// TestJudge asks for what clients with and without secrets may do.
func TestJudge(t *testing.T) {
	sources := []Source{one{"host", "den", policy.Host}, one{"guest", "den", policy.Participant}, one{"eye", "den", policy.Viewer}}
	gate := func(m Mode, trusts bool) *Gate {
		return New(Config{Mode: m, Trusts: func() bool { return trusts }, Sources: sources[1:], Members: sources[0]})
	}
	open, invite := gate(Open, true), gate(Invite, true)
	for name, c := range map[string]struct {
		gate *Gate
		q    Request
		role policy.Role
		err  error
	}{
		"open, nothing":                 {open, Request{Action: "connect", Room: "den"}, policy.Participant, nil},
		"open, watches":                 {open, Request{Action: "watch", Room: "den"}, policy.Viewer, nil},
		"open, a stream key":            {open, Request{Action: "publish", Room: "den", Secret: "key"}, policy.Participant, nil},
		"open, host":                    {open, Request{Action: "connect", Room: "den", Secret: "host"}, policy.Host, nil},
		"open, stranger manages":        {open, Request{Action: "kick", Room: "den"}, 0, ErrMissing},
		"open, program of this machine": {open, Request{Action: "kick", Room: "den", Local: true}, policy.Host, nil},
		"keys, program of this machine": {gate(Open, false), Request{Action: "kick", Room: "den", Local: true}, 0, ErrMissing},
		"open, program, bad key":        {open, Request{Action: "kick", Room: "den", Local: true, Secret: "x"}, 0, ErrInvalid},
		"open, host manages":            {open, Request{Action: "kick", Room: "den", Secret: "host"}, policy.Host, nil},
		"open, guest manages":           {open, Request{Action: "kick", Room: "den", Secret: "guest"}, 0, policy.ErrForbidden},
		"open, host of another room":    {open, Request{Action: "kick", Room: "pub", Secret: "host"}, 0, ErrInvalid},
		"invite, nothing":               {invite, Request{Action: "connect", Room: "den"}, 0, ErrMissing},
		"invite, nothing, this machine": {invite, Request{Action: "connect", Room: "den", Local: true}, 0, ErrMissing},
		"invite, guest":                 {invite, Request{Action: "connect", Room: "den", Secret: "guest"}, policy.Participant, nil},
		"invite, a stream key":          {invite, Request{Action: "publish", Room: "den", Secret: "key"}, 0, ErrInvalid},
		"invite, viewer publishes":      {invite, Request{Action: "publish", Room: "den", Secret: "eye"}, 0, policy.ErrForbidden},
		"an action that is none":        {open, Request{Action: "fly", Room: "den", Local: true}, 0, policy.ErrForbidden},
	} {
		g, err := c.gate.Judge(t.Context(), c.q)
		if !errors.Is(err, c.err) || err == nil && g.Role != c.role {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

// TestEveryActionIsGuarded asks a gate for each action without a secret: only entering is free.
func TestEveryActionIsGuarded(t *testing.T) {
	gate := OpenGate(nil)
	for _, action := range policy.Actions() {
		_, err := gate.Judge(t.Context(), Request{Action: action, Room: "den"})
		if free := slices.Contains([]string{"connect", "publish", "watch"}, action); free != (err == nil) {
			t.Errorf("%q: %v", action, err)
		}
	}
}
