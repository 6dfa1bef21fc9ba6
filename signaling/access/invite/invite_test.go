package invite_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/invite"
)

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func open(dir string) (*invite.Invites, *book.Shelf) {
	s := book.New(dir, slog.New(slog.DiscardHandler))
	return invite.New(s), s
}

func code(err error) string {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Code
	}
	return fmt.Sprint(err)
}

func create(t *testing.T, i *invite.Invites, w invite.Wish) (book.Invite, string) {
	t.Helper()
	made, secret, err := i.Create("demo", w, now)
	if err != nil || !credential.IsSecret(secret, invite.Prefix) {
		t.Fatalf("%q, %v", secret, err)
	}
	return made, secret
}

// TestOneUse has 20 guests at once with an invite for one, and again after a restart.
func TestOneUse(t *testing.T) {
	dir := t.TempDir()
	i, _ := open(dir)
	made, secret := create(t, i, invite.Wish{Role: policy.Viewer, Name: "Ada", View: "stage", Uses: 1})
	i, _ = open(dir)
	var wg sync.WaitGroup
	var in, used atomic.Int32
	for range 20 {
		wg.Go(func() {
			c, err := i.Redeem("demo", secret, "Ada", now)
			switch {
			case err == nil && c.Grant == policy.Grant{Role: policy.Viewer, Name: "Ada", View: "stage", By: "invite:" + made.ID} && c.Admits("demo") && !c.Admits("other"):
				in.Add(1)
			case code(err) == "invite_used":
				used.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 || used.Load() != 19 {
		t.Errorf("%d are in, %d are refused", in.Load(), used.Load())
	}
	i, _ = open(dir)
	if _, err := i.Redeem("demo", secret, "Eve", now); code(err) != "invite_used" {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := i.Check("demo", secret, now); err != nil {
		t.Errorf("the guest who is in: %v", err)
	}
	if err := i.Return("demo", made.ID); err != nil {
		t.Error(err)
	}
	if _, err := i.Redeem("demo", secret, "Bob", now); err != nil {
		t.Errorf("a use that was given back: %v", err)
	}
	list, err := i.List("demo")
	if err != nil || len(list) != 1 || list[0].Used != 1 || len(list[0].Last) != 1 || list[0].Last[0].Name != "Bob" || list[0].Hash != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestRefused has each reason why an invite lets nobody in.
func TestRefused(t *testing.T) {
	i, _ := open(t.TempDir())
	_, good := create(t, i, invite.Wish{})
	_, short := create(t, i, invite.Wish{Expires: now.Add(time.Hour)})
	gone, revoked := create(t, i, invite.Wish{})
	if err := errors.Join(i.Revoke("demo", gone.ID, now), i.Revoke("demo", gone.ID, now)); err != nil {
		t.Fatal(err)
	}
	if err := i.Revoke("demo", "NONE", now); !errors.Is(err, invite.ErrNone) {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		room, secret string
		after        time.Duration
		code         string
	}{
		"good":             {"demo", good, 365 * 24 * time.Hour, "<nil>"},
		"another room":     {"other", good, 0, "invite_invalid"},
		"nothing":          {"demo", "", 0, "invite_invalid"},
		"its hash":         {"demo", credential.Hash(good), 0, "invite_invalid"},
		"a guess":          {"demo", credential.NewSecret(invite.Prefix), 0, "invite_invalid"},
		"cut":              {"demo", good[:len(good)-1], 0, "invite_invalid"},
		"revoked":          {"demo", revoked, 0, "invite_revoked"},
		"about to expire":  {"demo", short, time.Hour - 1, "<nil>"},
		"expired":          {"demo", short, time.Hour, "invite_expired"},
		"no name for room": {"../demo", good, 0, "bad name: a room's name has only letters, digits, - and _"},
	} {
		_, redeem := i.Redeem(c.room, c.secret, "Ada", now.Add(c.after))
		_, check := i.Check(c.room, c.secret, now.Add(c.after))
		if code(redeem) != c.code || code(check) != c.code {
			t.Errorf("%s: %v, %v", name, redeem, check)
		}
	}
}

func TestWishes(t *testing.T) {
	i, shelf := open(t.TempDir())
	for _, w := range []invite.Wish{{Uses: -1}, {Uses: 10_001}, {Expires: now}, {Name: strings.Repeat("a", 201)}, {View: strings.Repeat("a", 201)}} {
		if _, _, err := i.Create("demo", w, now); !errors.Is(err, invite.ErrBad) {
			t.Errorf("%+v: %v", w, err)
		}
	}
	fill := func(b *book.Book) error {
		for n := range 1000 {
			b.Invites = append(b.Invites, book.Invite{ID: fmt.Sprint(n)})
		}
		return nil
	}
	if _, err := shelf.Update("demo", "", fill); err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.Create("demo", invite.Wish{}, now); !errors.Is(err, invite.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	if err := i.Revoke("demo", "500", now); err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.Create("demo", invite.Wish{}, now); err != nil {
		t.Errorf("in place of one that was revoked: %v", err)
	}
}

// TestNothingSecret greps the files for secrets.
func TestNothingSecret(t *testing.T) {
	dir := t.TempDir()
	i, shelf := open(dir)
	_, one := create(t, i, invite.Wish{Uses: 5})
	_, many := create(t, i, invite.Wish{})
	for range 3 {
		for _, secret := range []string{one, many} {
			if _, err := i.Redeem("demo", secret, strings.Repeat("n", 500), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := shelf.Flush(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil || bytes.Contains(data, []byte(one)) || bytes.Contains(data, []byte(one[4:])) || bytes.Contains(data, []byte(many[4:])) {
		t.Errorf("%s, %v", data, err)
	}
	i, _ = open(dir)
	if list, _ := i.List("demo"); list[0].Used != 3 || list[1].Used != 3 || len(list[1].Last[0].Name) != 200 {
		t.Errorf("%+v", list)
	}
}
