package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	reach "tilemix/mcu/gateway/address"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/hook"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/key"
	"tilemix/signaling/access/pin"
	"tilemix/signaling/access/source"
	"tilemix/signaling/access/token"
	"tilemix/signaling/audit"
	"tilemix/signaling/blueprint"
)

// entrance is what decides who may enter rooms and manage them, and what it keeps in the data folder.
type entrance struct {
	shelf   *book.Shelf
	keys    *key.Ring
	tokens  *token.Verifier
	invites *invite.Invites
	bans    *ban.Bans
	pins    *pin.Pins
	hook    *hook.Hook // nil: no other server is asked
	layouts *blueprint.Shelf
	banned  chan roomBan
	log     *slog.Logger
}

// roomBan is a ban that is to be written.
type roomBan struct {
	room string
	ban  policy.Ban
}

// maxBans (256) bans wait to be written; a room's loop cannot wait for the disk.
const maxBans = 256

// newEntrance reads keys and room files. Files that are broken, or of a newer version, are errors.
func newEntrance(s *settings, log *slog.Logger) (*entrance, error) {
	shelf := book.New(filepath.Join(s.DataDir, "rooms"), log)
	if err := shelf.Check(); err != nil {
		return nil, err
	}
	if s.member != nil {
		if err := shelf.Share(); err != nil {
			return nil, err
		}
	}
	keys, err := key.Open(keyFolder(s.DataDir), log)
	if err != nil {
		return nil, err
	}
	cfg := token.Default()
	cfg.Files, cfg.JWKS, cfg.Hosts = s.TokenKeys, s.JWKS, s.names()
	tokens, err := token.Open(cfg, log)
	if err != nil {
		return nil, err
	}
	if access.Mode(s.Auth) == access.Token && !tokens.Keys() {
		return nil, fmt.Errorf("--auth token needs keys that tokens are signed with: --token-key FILE, or --jwks URL")
	}
	asked, err := newHook(s, log)
	if err != nil {
		return nil, err
	}
	drawn, err := blueprint.New(s.Layouts.all, filepath.Join(s.DataDir, "layouts"))
	if err != nil {
		return nil, err
	}
	return &entrance{
		layouts: drawn, hook: asked, shelf: shelf, keys: keys, tokens: tokens, log: log,
		invites: invite.New(shelf), bans: ban.New(shelf), pins: pin.New(shelf),
		banned: make(chan roomBan, maxBans),
	}, nil
}

// newAudit returns the log of what is decided on clients, in the data folder.
func newAudit(dataDir string, log *slog.Logger) *audit.Log {
	cfg := audit.Default()
	cfg.Path = filepath.Join(dataDir, "audit.jsonl")
	return audit.New(cfg, log)
}

// newHook returns what asks another server, nil for none.
func newHook(s *settings, log *slog.Logger) (*hook.Hook, error) {
	if s.AuthURL == "" {
		return nil, nil
	}
	cfg := hook.Default()
	cfg.URL, cfg.Permit = s.AuthURL, reach.Rules{Private: s.AllowPrivate}.Allows
	return hook.New(cfg, log)
}

// gate returns what judges requests.
func (e *entrance) gate(s *settings, members access.Source) *access.Gate {
	checks := []access.Check{source.Bans(e.bans), source.PINs(e.pins)}
	if e.hook != nil {
		checks = append(checks, source.Hook(e.hook))
	}
	return access.New(access.Config{
		Mode:    access.Mode(s.Auth),
		Auth:    e.auth,
		Trusts:  func() bool { return !e.keys.Any() },
		Members: members,
		Sources: []access.Source{source.Keys{Ring: e.keys}, source.Tokens{Verifier: e.tokens}, source.Invites{Invites: e.invites}},
		Checks:  append(checks, source.Uses(e.invites)),
	})
}

// rules returns what was decided about a room.
func (e *entrance) rules(room string) (r rules.Terms, err error) {
	b, err := e.shelf.View(room)
	if err != nil || len(b.Rules) == 0 {
		return r, err
	}
	return r, json.Unmarshal(b.Rules, &r)
}

// auth returns what a room asks clients for, "" for what the server does.
func (e *entrance) auth(room string) (access.Mode, error) {
	r, err := e.rules(room)
	return access.Mode(r.Auth), err
}

// overlays returns what the pictures of a room are to show.
func (e *entrance) overlays(room string) (all overlay.Sets) {
	b, err := e.shelf.View(room)
	if err == nil {
		all, err = b.Pictures()
	}
	if err != nil {
		e.log.Error("no overlays", "room", room, "error", err)
	}
	return all
}

// ban takes a ban of a room's loop. It does not wait.
func (e *entrance) ban(room string, b policy.Ban) {
	select {
	case e.banned <- roomBan{room, b}:
	default:
		e.log.Error("a ban is lost: too many wait to be written", "room", room)
	}
}

// bars returns why somebody is banned from a room, nil if they are not.
func (e *entrance) bars(room string, who policy.Ban) error {
	return e.bans.Check(room, policy.Grant{Identity: who.Identity, By: who.By}, who.Address.Addr(), time.Now())
}

// Run writes bans until ctx ends, and then what else is not written yet.
func (e *entrance) Run(ctx context.Context) error {
	for {
		select {
		case b := <-e.banned:
			e.write(b)
		case <-ctx.Done():
			for len(e.banned) > 0 {
				e.write(<-e.banned)
			}
			if e.hook != nil {
				e.hook.Close()
			}
			e.keys.Flush()
			return e.shelf.Flush()
		}
	}
}

func (e *entrance) write(b roomBan) {
	_, err := e.bans.Add(b.room, book.Ban{
		Identity: b.ban.Identity, By: b.ban.By, Prefix: b.ban.Address, Until: b.ban.Until, Name: b.ban.Name, Reason: b.ban.Reason,
	}, time.Now())
	if err != nil {
		e.log.Warn("the ban holds nobody", "room", b.room, "reason", err)
	}
}
