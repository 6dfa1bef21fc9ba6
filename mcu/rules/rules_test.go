package rules

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/policy"
)

var (
	now   = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	host  = policy.Grant{Role: policy.Host}
	known = policy.Grant{By: "invite:7"}
	guest = policy.Grant{}
)

// TestCheck has rules that cannot be.
func TestCheck(t *testing.T) {
	for want, r := range map[string]Terms{
		"":                {Title: "Exam", Lobby: All, MaxParticipants: Caps{10, 5, 5}, NotBefore: now, Expires: now.Add(time.Hour), MaxDuration: 60, EmptyTimeout: 30, Recording: autoRecording},
		"title":           {Title: strings.Repeat("x", 201)},
		"lobby":           {Lobby: "sofa"},
		"maxParticipants": {MaxParticipants: Caps{Total: -1}},
		"maxDuration":     {MaxDuration: -1},
		"expires":         {NotBefore: now, Expires: now},
		"hostLeaves":      {HostLeaves: "cry"},
		"emptyTimeout":    {EmptyTimeout: 3601},
		"recording":       {Recording: "maybe"},
		"auth":            {Auth: "password"},
	} {
		err := r.Check()
		if (want == "") != (err == nil) || err != nil && (!errors.Is(err, ErrBad) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// TestTimes has clients come before, during and after a room's time.
func TestTimes(t *testing.T) {
	r := Terms{NotBefore: now, Expires: now.Add(time.Hour), MaxDuration: 600}
	for _, c := range []struct {
		at   time.Duration
		who  policy.Grant
		want error
	}{{-time.Second, guest, ErrEarly}, {-time.Second, host, nil}, {0, guest, nil}, {time.Hour, host, ErrOver}} {
		if err := r.Admits(c.who, now.Add(c.at)); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if at, ok := r.End(now); !ok || at != now.Add(10*time.Minute) {
		t.Errorf("it ends %v, %v", at, ok)
	}
	if at, ok := r.End(now.Add(55 * time.Minute)); !ok || at != r.Expires {
		t.Errorf("the late call ends %v, %v", at, ok)
	}
	if _, ok := (Terms{}).End(now); ok {
		t.Error("a room without rules ends")
	}
}

// TestVouched has rooms that hosts of other rooms may bring participants to, and rooms that they may not.
func TestVouched(t *testing.T) {
	for auth, want := range map[string]bool{"": true, "open": true, "invite": false, "token": false} {
		r := Terms{Auth: auth, HostLeaves: Pass}
		if err := r.Check(); err != nil || r.Vouched() != want {
			t.Errorf("auth %q: vouched %v, %v", auth, r.Vouched(), err)
		}
	}
}

// TestRecording says which values of recording let a room be recorded, and record it.
func TestRecording(t *testing.T) {
	for text, want := range map[string][2]bool{"": {true, false}, "allowed": {true, false}, "auto": {true, true}, "off": {false, false}} {
		r := Terms{Recording: text}
		if err := r.Check(); err != nil || r.MayRecord() != want[0] || r.Recorded() != want[1] {
			t.Errorf("%q: %v, %v, %v", text, r.MayRecord(), r.Recorded(), err)
		}
	}
}

// TestLobbies asks who waits.
func TestLobbies(t *testing.T) {
	for lobby, want := range map[Lobby][4]bool{ // guest, known, known with a host in the room, host
		"": {}, NoLobby: {}, Guests: {true, false, false, false}, All: {true, true, true, false}, UntilHost: {true, true, false, false},
	} {
		r := Terms{Lobby: lobby}
		if got := [4]bool{r.Waits(guest, false), r.Waits(known, false), r.Waits(known, true), r.Waits(host, false)}; got != want {
			t.Errorf("%q: %v, not %v", lobby, got, want)
		}
	}
}

// TestFull counts places.
func TestFull(t *testing.T) {
	r := Terms{MaxParticipants: Caps{Total: 5, Publishers: 2, Viewers: 4}}
	for _, c := range []struct {
		seated, receiving int
		receives, want    bool
	}{{0, 0, false, false}, {2, 0, false, true}, {2, 0, true, false}, {4, 4, true, true}, {5, 3, true, true}} {
		if r.Full(c.seated, c.receiving, c.receives) != c.want {
			t.Errorf("%+v", c)
		}
	}
	if (Terms{}).Full(1000, 500, true) {
		t.Error("a room without rules is full")
	}
}
