// Package source lets package access ask those that keep secrets: tokens, keys, invites; and those
// that look at clients with a grant once more: PINs, bans.
package source

import (
	"cmp"
	"context"
	"strings"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/hook"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/key"
	"tilemix/signaling/access/pin"
	"tilemix/signaling/access/token"
)

// Tokens is the source of what tokens grant.
type Tokens struct{ *token.Verifier }

// Grant is access.Source's.
func (t Tokens) Grant(ctx context.Context, q access.Request) (policy.Grant, bool, error) {
	if !token.Looks(q.Secret) || !t.Keys() {
		return policy.Grant{}, false, nil
	}
	claims, err := t.Verify(ctx, q.Secret, q.Room, time.Now())
	return claims.Grant, true, cmp.Or(err, whole(q, claims, "token_room"))
}

// whole refuses a request that is of no one room to a credential that is not for all.
func whole(q access.Request, claims credential.Claims, code string) error {
	if q.Room != "" || claims.Admits("") {
		return nil
	}
	return credential.Refuse(code, "what you bring is for the rooms %q, and this needs one that is for all rooms", claims.Rooms)
}

// Keys is the source of what API keys grant.
type Keys struct{ *key.Ring }

// Grant is access.Source's.
func (k Keys) Grant(_ context.Context, q access.Request) (policy.Grant, bool, error) {
	if !key.Looks(q.Secret) {
		return policy.Grant{}, false, nil
	}
	claims, err := k.Verify(q.Secret, q.Room, time.Now())
	return claims.Grant, true, cmp.Or(err, whole(q, claims, "key_room"))
}

// Invites is the source of what invites grant. Uses counts how often they are used.
type Invites struct{ *invite.Invites }

// Grant is access.Source's.
func (i Invites) Grant(_ context.Context, q access.Request) (policy.Grant, bool, error) {
	if !strings.HasPrefix(q.Secret, invite.Prefix) || q.Room == "" {
		return policy.Grant{}, false, nil
	}
	claims, err := i.Check(q.Room, q.Secret, time.Now())
	return claims.Grant, true, err
}

// Uses counts a use of the invite of a client that enters, and refuses one that is used up. It is the
// last of the checks, so that a client that is banned, or may not do what it asks for, uses nothing.
// A player of HLS asks many times and enters once: with its first request.
func Uses(invites *invite.Invites) access.Check {
	known := &players{seen: map[player]time.Time{}}
	return func(_ context.Context, q access.Request, g policy.Grant, now time.Time) (policy.Grant, error) {
		if !strings.HasPrefix(g.By, "invite:") || q.Protocol == "http" {
			return g, nil
		}
		p := player{q.Room, g.By, q.Agent, q.Client}
		if q.Protocol == "hls" && known.has(p, now) {
			return g, nil
		}
		_, err := invites.Redeem(q.Room, q.Secret, q.Name, now)
		if err == nil && q.Used != nil {
			*q.Used = strings.TrimPrefix(g.By, "invite:")
		}
		if err == nil && q.Protocol == "hls" {
			known.add(p, now)
		}
		return g, err
	}
}

// PINs asks clients without a secret for the PIN of their role, where a room has one. The PIN of
// another role gives that role.
func PINs(pins *pin.Pins) access.Check {
	return func(_ context.Context, q access.Request, g policy.Grant, now time.Time) (policy.Grant, error) {
		if q.Secret != "" {
			return g, nil
		}
		needs, err := pins.Needs(q.Room, g.Role)
		if err != nil {
			return g, err
		}
		if hosts, err := pins.Needs(q.Room, policy.Host); hosts || err != nil {
			g.First = false // hosts have a PIN of their own
		}
		if !needs && q.PIN == "" {
			return g, nil
		}
		role, err := pins.Check(q.Room, q.PIN, q.Client, now)
		g.Role = cmp.Or(role, g.Role)
		return g, err
	}
}

// Bans keeps out those who were banned from the room.
func Bans(bans *ban.Bans) access.Check {
	return func(_ context.Context, q access.Request, g policy.Grant, now time.Time) (policy.Grant, error) {
		return g, bans.Check(q.Room, g, q.Client, now)
	}
}

// Hook asks another server about each client that enters. What that server says of role and name
// replaces what the client had; an answer that names another room lets nobody in here.
func Hook(h *hook.Hook) access.Check {
	return func(ctx context.Context, q access.Request, g policy.Grant, now time.Time) (policy.Grant, error) {
		claims, room, err := h.Ask(ctx, hook.Question{
			Action: q.Action, Room: q.Room, Identity: g.Identity, Name: cmp.Or(g.Name, q.Name),
			Token: cmp.Or(q.Secret, q.Unknown), Address: q.Client.String(), Protocol: q.Protocol, UserAgent: q.Agent,
		}, now)
		switch {
		case err != nil:
			return g, err
		case room != q.Room:
			return g, credential.Refuse("hook_denied", "you may not enter this room, but the room %s", room)
		}
		g.Role = cmp.Or(claims.Grant.Role, g.Role)
		g.Name, g.View = cmp.Or(claims.Grant.Name, g.Name), cmp.Or(claims.Grant.View, g.View)
		g.First = false // that server decides who is host
		return g, nil
	}
}
