package book

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
)

// version is that of the files that this program writes.
const version = 1

// Book is what is kept of a room. The zero Book is that of a room that nobody set up. A
// caller of View must not change what is in its slices.
type Book struct {
	Version  int             `json:"version"`
	Revision uint64          `json:"revision,omitempty"` // changes until now, where several servers share the Book
	Rules    json.RawMessage `json:"rules,omitempty"`
	Overlays json.RawMessage `json:"overlays,omitempty"` // of the picture, with its files
	// NamedOverlays are those that views choose by name.
	NamedOverlays map[string]json.RawMessage `json:"namedOverlays,omitempty"`
	Invites       []Invite                   `json:"invites,omitempty"`
	Bans          []Ban                      `json:"bans,omitempty"`
	Pins          []Pin                      `json:"pins,omitempty"`
}

// Invite is a link into a room, in the order in which they were made. Package invite makes them.
type Invite struct {
	ID      string      `json:"id"`
	Hash    string      `json:"hash,omitempty"` // of the secret; "": left out of a list
	Role    policy.Role `json:"role"`
	Name    string      `json:"name,omitempty"` // that the guest has; "": as the guest asks
	View    string      `json:"view,omitempty"`
	Uses    int         `json:"uses,omitempty"` // how often it may be used; 0: any number
	Used    int         `json:"used,omitempty"` // how often it was
	Last    []Use       `json:"last,omitempty"` // the last uses, oldest first
	Created time.Time   `json:"created"`
	By      string      `json:"by,omitempty"` // what made it
	Expires time.Time   `json:"expires,omitzero"`
	Revoked time.Time   `json:"revoked,omitzero"`
}

// Use is one use of an invite.
type Use struct {
	Name string    `json:"name"`
	Time time.Time `json:"time"`
}

// Ban keeps clients out that have the identity, or what let them in, or an address of the prefix.
// Package ban makes them.
type Ban struct {
	ID       string       `json:"id"`
	Identity string       `json:"identity,omitempty"`
	By       string       `json:"by,omitempty"` // that of a policy.Grant
	Prefix   netip.Prefix `json:"prefix,omitzero"`
	Until    time.Time    `json:"until,omitzero"` // zero: for good
	Name     string       `json:"name,omitempty"` // of the participant, for the list
	Reason   string       `json:"reason,omitempty"`
	Created  time.Time    `json:"created"`
	Creator  string       `json:"creator,omitempty"`
}

// Pin is the PIN of a role, hashed. Package pin makes them.
type Pin struct {
	Role policy.Role `json:"role"`
	Hash string      `json:"hash"`
}

// ETag changes with the rules and the PINs, in the form of RFC 9110 §8.8.3. It does not change with
// invites and bans, because they change while somebody edits the rules. "" is the tag of a room
// that has neither.
func (b Book) ETag() string {
	if len(b.Rules) == 0 && len(b.Pins) == 0 {
		return ""
	}
	data, err := json.Marshal(Book{Rules: b.Rules, Pins: b.Pins})
	if err != nil { // rules that are no JSON, which Update does not let in
		return ""
	}
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// Pictures returns what the room's pictures show besides tiles. It decodes pictures, which takes some
// 10 ms.
func (b Book) Pictures() (all overlay.Sets, err error) {
	add := func(data json.RawMessage) error {
		var kept control.Overlays
		if err := json.Unmarshal(data, &kept); err != nil {
			return fmt.Errorf("overlays of a room: %w", err)
		}
		set, err := overlay.Compile(kept, nil)
		if err == nil {
			all, err = all.With(set)
		}
		return err
	}
	if len(b.Overlays) > 0 {
		err = add(b.Overlays)
	}
	for _, data := range b.NamedOverlays {
		err = cmp.Or(err, add(data))
	}
	return all, err
}

// SetPictures keeps overlays of a name, as JSON with the files of their pictures; nil: none.
func (b *Book) SetPictures(name string, data json.RawMessage) {
	switch {
	case name == "":
		b.Overlays = data
	case data == nil:
		delete(b.NamedOverlays, name)
	case b.NamedOverlays == nil:
		b.NamedOverlays = map[string]json.RawMessage{name: data}
	default:
		b.NamedOverlays[name] = data
	}
}

// Lasting tells whether the Book is kept on disk: it has more than bans.
func (b Book) Lasting() bool {
	return len(b.Rules) > 0 || len(b.Overlays) > 0 || len(b.NamedOverlays) > 0 || len(b.Invites) > 0 || len(b.Pins) > 0
}

func (b Book) empty() bool { return !b.Lasting() && len(b.Bans) == 0 }

// clone copies what a change may write to.
func (b Book) clone() Book {
	b.Rules, b.Overlays, b.Bans, b.Pins = slices.Clone(b.Rules), slices.Clone(b.Overlays), slices.Clone(b.Bans), slices.Clone(b.Pins)
	b.NamedOverlays, b.Invites = maps.Clone(b.NamedOverlays), slices.Clone(b.Invites)
	for i := range b.Invites {
		b.Invites[i].Last = slices.Clone(b.Invites[i].Last)
	}
	return b
}
