package source_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/hook"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/key"
	"tilemix/signaling/access/source"
)

// TestWholeServer asks by keys for what is of no one room: the key of some rooms may not, or it could read
// the recordings of all.
func TestWholeServer(t *testing.T) {
	dir := t.TempDir()
	ring, err := key.Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	gate := access.New(access.Config{Sources: []access.Source{source.Keys{Ring: ring}}})
	for rooms, want := range map[string]error{"*": nil, "exam-*": &credential.Refusal{Code: "key_room"}} {
		secret, err := key.Add(dir, key.Key{Name: "of-" + strings.TrimSuffix(rooms, "*"), Rooms: rooms, Scopes: []string{"record", "rooms:write"}}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range []string{"recordings", "keys", "drain"} {
			if _, err := gate.Judge(t.Context(), access.Request{Action: action, Secret: secret, Protocol: "http"}); !errors.Is(err, want) {
				t.Errorf("%s by a key of the rooms %s: %v", action, rooms, err)
			}
			if _, err := gate.Judge(t.Context(), access.Request{Action: "recordings", Room: "exam-1", Secret: secret, Protocol: "http"}); err != nil {
				t.Errorf("of a room by a key of the rooms %s: %v", rooms, err)
			}
		}
	}
}

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
		{"plays", "watch", "hls", here, nil},
		{"plays on", "watch", "hls", here, nil},
		{"plays elsewhere", "watch", "hls", netip.MustParseAddr("198.51.100.3"), &credential.Refusal{Code: "invite_used"}},
		{"enters again", "connect", "websocket", here, &credential.Refusal{Code: "invite_used"}},
	} {
		q := access.Request{Action: step.action, Room: "demo", Secret: secret, Protocol: step.protocol, Client: step.from}
		grant, err := gate.Judge(t.Context(), q)
		if !errors.Is(err, step.want) || err == nil && grant.Role != policy.Viewer {
			t.Errorf("a guest who %s: %+v, %v", step.name, grant, err)
		}
	}
}

// TestHook has another server decide who enters: it is told what the client brings, and its answer
// counts. Nobody is asked about what does not enter.
func TestHook(t *testing.T) {
	var asked []hook.Question
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q hook.Question
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		asked = append(asked, q)
		answer := map[string]string{
			"ada": `{"allow":true,"role":"host","name":"Dr Ada"}`, "ben": `{"allow":false,"reason":"not today"}`,
			"cid": `{"allow":true,"room":"other"}`,
		}[q.Token]
		_, _ = w.Write([]byte(answer))
	}))
	defer other.Close()
	cfg := hook.Default()
	cfg.URL, cfg.Timeout = other.URL, time.Minute
	h, err := hook.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	gate := access.New(access.Config{Mode: access.Open, Checks: []access.Check{source.Hook(h)}})
	for _, c := range []struct {
		secret string
		want   policy.Grant
		err    error
	}{
		{"ada", policy.Grant{Role: policy.Host, Name: "Dr Ada"}, nil},
		{"ben", policy.Grant{}, &credential.Refusal{Code: "hook_denied"}},
		{"cid", policy.Grant{}, &credential.Refusal{Code: "hook_denied"}},
		{"", policy.Grant{}, &credential.Refusal{Code: "hook_failed"}}, // it answers nothing
	} {
		g, err := gate.Judge(t.Context(), access.Request{Action: "connect", Room: "demo", Secret: c.secret, Protocol: "websocket"})
		if !errors.Is(err, c.err) || g != c.want {
			t.Errorf("%q: %+v, %v", c.secret, g, err)
		}
	}
	if _, err := gate.Judge(t.Context(), access.Request{Action: "kick", Room: "demo", Local: true}); err != nil || len(asked) != 4 {
		t.Errorf("%d questions, %v", len(asked), err)
	}
	if q := asked[0]; q.Action != "connect" || q.Room != "demo" || q.Protocol != "websocket" {
		t.Errorf("it is told %+v", q)
	}
}
