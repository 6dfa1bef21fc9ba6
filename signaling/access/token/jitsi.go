package token

import (
	"encoding/json"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
)

// jitsi is the context of Jitsi's tokens.
type jitsi struct {
	User struct {
		ID          text   `json:"id"`
		Name        text   `json:"name"`
		Moderator   flag   `json:"moderator"`
		Affiliation string `json:"affiliation"`
	} `json:"user"`
	Features map[string]flag `json:"features"` // nil: all that the user's role may
}

// jitsi maps Jitsi's tokens. The user is a host if moderator is true, in the user or beside the
// context, or if the user's affiliation is owner or moderator. Where the token has features, a host
// records only with "recording" and broadcasts only with "livestreaming", and "screen-sharing" and
// "send-groupchat" take away what they have as false. The room "*" is all rooms; sub is the tenant.
func (c claims) jitsi() (credential.Claims, error) {
	in := c.Context
	if in == nil {
		in = &jitsi{}
	}
	out := credential.Claims{Grant: policy.Grant{Identity: string(in.User.ID), Name: string(in.User.Name)}}
	switch {
	case c.Room == nil || *c.Room == "":
		return out, invalid(`it has no "room": name one, or "*" for all`)
	case *c.Room == "*":
		out.Rooms = "*"
	default:
		out.Rooms = credential.Literal(*c.Room)
	}
	if bool(in.User.Moderator || c.Moderator) || in.User.Affiliation == "owner" || in.User.Affiliation == "moderator" {
		out.Grant.Role = policy.Host
	}
	rights := out.Grant.Role.Rights()
	if in.Features != nil {
		if !in.Features["recording"] {
			rights &^= rightsOf("record")
		}
		if !in.Features["livestreaming"] {
			rights &^= rightsOf("broadcast")
		}
	}
	for feature, right := range map[string]string{"screen-sharing": "publish.screen", "send-groupchat": "chat"} {
		if on, there := in.Features[feature]; there && !bool(on) {
			rights &^= rightsOf(right)
		}
	}
	return out, give(&out.Grant, rights)
}

// text is a string that may be written as a number.
type text string

// UnmarshalJSON reads a string or a number. All else is "".
func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(data, &s) == nil:
		*t = text(s)
	case json.Unmarshal(data, &n) == nil:
		*t = text(n)
	}
	return nil
}
