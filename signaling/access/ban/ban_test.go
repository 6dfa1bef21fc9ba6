package ban_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
)

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func open(dir string) (*ban.Bans, *book.Shelf) {
	s := book.New(dir, slog.New(slog.DiscardHandler))
	return ban.New(s), s
}

// TestCheck has clients that a ban is for, and others.
func TestCheck(t *testing.T) {
	hour := now.Add(time.Hour)
	for name, c := range map[string]struct {
		ban    book.Ban
		client policy.Grant
		addr   string
		at     time.Time
		banned bool
	}{
		"identity":             {book.Ban{Identity: "eve"}, policy.Grant{Identity: "eve"}, "198.51.100.1", now, true},
		"another identity":     {book.Ban{Identity: "eve"}, policy.Grant{Identity: "ada"}, "198.51.100.1", now, false},
		"no identity":          {book.Ban{By: "invite:A"}, policy.Grant{}, "198.51.100.1", now, false},
		"invite":               {book.Ban{By: "invite:A"}, policy.Grant{By: "invite:A"}, "198.51.100.1", now, true},
		"another invite":       {book.Ban{By: "invite:A"}, policy.Grant{By: "invite:B"}, "198.51.100.1", now, false},
		"the same of a token":  {book.Ban{By: "invite:A"}, policy.Grant{By: "token:A"}, "198.51.100.1", now, false},
		"unknown to all":       {book.Ban{Identity: "eve"}, policy.Grant{}, "198.51.100.1", now, false},
		"address":              {book.Ban{Prefix: ban.Around(addr("198.51.100.1"))}, policy.Grant{}, "198.51.100.1", now, true},
		"neighbour":            {book.Ban{Prefix: ban.Around(addr("198.51.100.1"))}, policy.Grant{}, "198.51.100.2", now, false},
		"address, mapped":      {book.Ban{Prefix: ban.Around(addr("::ffff:198.51.100.1"))}, policy.Grant{}, "198.51.100.1", now, true},
		"mapped address":       {book.Ban{Prefix: ban.Around(addr("198.51.100.1"))}, policy.Grant{}, "::ffff:198.51.100.1", now, true},
		"same /64":             {book.Ban{Prefix: ban.Around(addr("2001:db8::1"))}, policy.Grant{}, "2001:db8::2%eth0", now, true},
		"another /64":          {book.Ban{Prefix: ban.Around(addr("2001:db8::1"))}, policy.Grant{}, "2001:db8:0:1::1", now, false},
		"network":              {book.Ban{Prefix: netip.MustParsePrefix("198.51.100.7/24")}, policy.Grant{}, "198.51.100.200", now, true},
		"before the end":       {book.Ban{Identity: "eve", Until: hour}, policy.Grant{Identity: "eve"}, "198.51.100.1", hour.Add(-1), true},
		"at the end":           {book.Ban{Identity: "eve", Until: hour}, policy.Grant{Identity: "eve"}, "198.51.100.1", hour, false},
		"one of three matches": {book.Ban{Identity: "eve", By: "token:1", Prefix: ban.Around(addr("198.51.100.1"))}, policy.Grant{By: "token:1"}, "198.51.100.9", now, true},
	} {
		b, _ := open(t.TempDir())
		if _, err := b.Add("demo", c.ban, now); err != nil {
			t.Fatal(err)
		}
		err := b.Check("demo", c.client, addr(c.addr), c.at)
		if got := errors.Is(err, &credential.Refusal{Code: "banned"}); got != c.banned || err != nil && !got {
			t.Errorf("%s: %v", name, err)
		}
		if err := b.Check("other", c.client, addr(c.addr), c.at); err != nil {
			t.Errorf("%s, in another room: %v", name, err)
		}
	}
}

// TestUntil says how long, by the ban that holds longest.
func TestUntil(t *testing.T) {
	b, _ := open(t.TempDir())
	check := func() *credential.Refusal {
		r, _ := errors.AsType[*credential.Refusal](b.Check("demo", policy.Grant{Identity: "eve"}, addr("198.51.100.1"), now))
		return r
	}
	add := func(until time.Time, reason string) book.Ban {
		made, err := b.Add("demo", book.Ban{Identity: "eve", Until: until, Reason: reason}, now)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	add(now.Add(time.Minute), "")
	hour := add(now.Add(time.Hour), "noise")
	if r := check(); !r.Until.Equal(now.Add(time.Hour)) || r.After != time.Hour || !strings.Contains(r.Text, "noise") {
		t.Errorf("%+v", r)
	}
	ever := add(time.Time{}, "")
	if r := check(); !r.Until.IsZero() || r.After != 0 || strings.Contains(r.Text, "noise") {
		t.Errorf("%+v", r)
	}
	if err := errors.Join(b.Lift("demo", ever.ID, now), b.Lift("demo", hour.ID, now)); err != nil {
		t.Fatal(err)
	}
	if r := check(); !r.Until.Equal(now.Add(time.Minute)) {
		t.Errorf("%+v", r)
	}
	if err := b.Lift("demo", ever.ID, now); !errors.Is(err, ban.ErrNone) {
		t.Error(err)
	}
	if list, err := b.List("demo", now.Add(time.Minute)); len(list) != 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}

// TestSurvives reads bans of a room with rules after a restart.
func TestSurvives(t *testing.T) {
	dir := t.TempDir()
	b, shelf := open(dir)
	if _, err := shelf.Update("demo", "", func(k *book.Book) error { k.Rules = json.RawMessage(`{}`); return nil }); err != nil {
		t.Fatal(err)
	}
	made, err := b.Add("demo", book.Ban{Identity: "eve", Prefix: netip.MustParsePrefix("198.51.100.7/24")}, now)
	if err != nil {
		t.Fatal(err)
	}
	b, _ = open(dir)
	if list, err := b.List("demo", now); err != nil || len(list) != 1 || list[0] != made {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestBounds(t *testing.T) {
	b, shelf := open(t.TempDir())
	for _, one := range []book.Ban{{}, {Name: "Eve", Until: now}} {
		if _, err := b.Add("demo", one, now); !errors.Is(err, ban.ErrNobody) {
			t.Errorf("%+v: %v", one, err)
		}
	}
	if p := ban.Around(netip.Addr{}); p.IsValid() {
		t.Errorf("the address of nobody: %v", p)
	}
	if _, err := shelf.Update("demo", "", func(k *book.Book) error { k.Bans = make([]book.Ban, 1000); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add("demo", book.Ban{Identity: "eve"}, now); err != nil {
		t.Fatal(err)
	}
	if list, _ := b.List("demo", now); len(list) != 1000 || list[999].Identity != "eve" {
		t.Errorf("%d bans", len(list))
	}
}
