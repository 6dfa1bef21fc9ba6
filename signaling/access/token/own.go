package token

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
)

// claims are those of all forms of tokens.
type claims struct {
	jwt.RegisteredClaims
	Name string    `json:"name"`
	Room *string   `json:"room"`
	Role string    `json:"role"`
	Can  *[]string `json:"can"` // replaces the role's rights
	View string    `json:"view"`

	Video       *video          `json:"video"`       // LiveKit's
	Context     *jitsi          `json:"context"`     // Jitsi's
	Moderator   flag            `json:"moderator"`   // Jitsi's
	Permissions json.RawMessage `json:"permissions"` // Galene's
}

// longestID is how long the ID of a token may be; of a longer one only the hash is kept.
const longestID = 128

// id returns the token's ID. A token without one is known by the hash of what was signed: the
// signature is left out, because there are several good ones for the same text.
func (c claims) id(text string) string {
	if c.ID != "" && len(c.ID) <= longestID {
		return c.ID
	}
	return credential.Hash(c.ID + text[:strings.LastIndexByte(text, '.')])[:32]
}

// grant says what the claims grant, by the form that they have.
func (c claims) grant(of hosts, room string) (credential.Claims, error) {
	switch {
	case c.Video != nil:
		return c.Video.grant(c)
	case c.Context != nil || slices.Contains(c.Audience, "jitsi"):
		return c.jitsi()
	case c.Permissions != nil:
		return of.galene(c, room)
	}
	return c.own()
}

// own reads the form of our own: sub, name, room, role, can, view.
func (c claims) own() (credential.Claims, error) {
	out := credential.Claims{Grant: policy.Grant{Identity: c.Subject, Name: c.Name, View: c.View}}
	if c.Room == nil || *c.Room == "" {
		return out, invalid(`it has no "room": name one, or "*" for all`)
	}
	if _, err := path.Match(*c.Room, ""); err != nil {
		return out, invalid(`its "room" is no pattern: take a room's name, or one with * and ?`)
	}
	out.Rooms = *c.Room
	if c.Role != "" {
		role, err := policy.ParseRole(c.Role)
		if err != nil {
			return out, invalid(`its "role" is none of participant, viewer, host and recorder`)
		}
		out.Grant.Role = role
	}
	if c.Can == nil {
		return out, nil
	}
	rights, err := policy.ParseRights(*c.Can)
	if err != nil {
		return out, invalid(`"can" has a right that is none: take some of %v`, policy.All().Names())
	}
	return out, give(&out.Grant, rights)
}

// give sets the rights of a grant. None at all is refused, because a Grant without rights has those
// of its role.
func give(g *policy.Grant, rights policy.Rights) error {
	if rights == 0 {
		return invalid("it grants no right")
	}
	g.Rights = rights
	return nil
}

// rightsOf returns the rights of names, which are all known; a test holds that.
func rightsOf(names ...string) policy.Rights {
	r, err := policy.ParseRights(names)
	if err != nil {
		panic(err)
	}
	return r
}

// flag is a boolean that may be written as a string.
type flag bool

// UnmarshalJSON reads true and "true". All else is false.
func (f *flag) UnmarshalJSON(data []byte) error {
	*f = string(data) == "true" || string(data) == `"true"`
	return nil
}
