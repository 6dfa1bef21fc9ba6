package source_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/source"
)

// TestUses counts an invite for one when its guest enters, and not when the guest is refused.
func TestUses(t *testing.T) {
	shelf := book.New(t.TempDir(), slog.New(slog.DiscardHandler))
	invites, bans := invite.New(shelf), ban.New(shelf)
	gate := access.New(access.Config{
		Mode:    access.Invite,
		Sources: []access.Source{source.Invites{Invites: invites}},
		Checks:  []access.Check{source.Bans(bans), source.Uses(invites)},
	})
	_, secret, err := invites.Create("demo", invite.Wish{Role: policy.Viewer, Uses: 1}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	here, there := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	if _, err := bans.Add("demo", book.Ban{Prefix: ban.Around(there)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, action, protocol string
		from                   netip.Addr
		want                   error
	}{
		{"may not", "publish", "whip", here, policy.ErrForbidden},
		{"does not enter", "candidate", "websocket", here, nil},
		{"is banned", "watch", "whep", there, &credential.Refusal{Code: "banned"}},
		{"fetches a piece", "watch", "hls", here, nil},
		{"enters", "watch", "whep", here, nil},
		{"enters again", "connect", "websocket", here, &credential.Refusal{Code: "invite_used"}},
	} {
		q := access.Request{Action: step.action, Room: "demo", Secret: secret, Protocol: step.protocol, Client: step.from}
		grant, err := gate.Judge(t.Context(), q)
		if !errors.Is(err, step.want) || err == nil && grant.Role != policy.Viewer {
			t.Errorf("a guest who %s: %+v, %v", step.name, grant, err)
		}
	}
}
