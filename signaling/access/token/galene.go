package token

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
)

// hosts are the names of this server; none: any name is its own.
type hosts []string

// galene maps Galene's tokens. Each audience is the URL of a room: …/group/NAME/ as Galene has it, or
// …/r/NAME and …/watch/NAME as this server does. The permission op makes a host with moderation and
// the room's settings, present publishes, message chats, record records, token invites. All may
// watch.
func (h hosts) galene(c claims, room string) (credential.Claims, error) {
	out := credential.Claims{Grant: policy.Grant{Role: policy.Viewer, Identity: c.Subject, Name: c.Subject}}
	var permissions []string
	if json.Unmarshal(c.Permissions, &permissions) != nil {
		return out, invalid(`its "permissions" are no list of names`)
	}
	var rooms []string
	for _, audience := range c.Audience {
		if name := h.roomOf(audience); name != "" {
			rooms = append(rooms, name)
		}
	}
	switch {
	case len(rooms) == 0:
		return out, invalid(`its "aud" is not the URL of a room of this server`)
	case slices.Contains(rooms, room):
		out.Rooms = credential.Literal(room)
	default:
		out.Rooms = credential.Literal(rooms[0])
	}
	rights := rightsOf("watch", "view.own")
	for _, p := range permissions {
		switch p {
		case "op":
			out.Grant.Role = policy.Host
			rights |= rightsOf("moderate", "settings")
		case "present":
			rights |= rightsOf("publish.audio", "publish.video", "publish.screen", "layout")
		case "message":
			rights |= rightsOf("chat", "hand")
		case "record":
			rights |= rightsOf("record")
		case "token":
			rights |= rightsOf("invite")
		}
	}
	if out.Grant.Role != policy.Host && slices.Contains(permissions, "present") {
		out.Grant.Role = policy.Participant
	}
	return out, give(&out.Grant, rights)
}

// roomOf returns the room of a URL, or "".
func (h hosts) roomOf(audience string) string {
	u, err := url.Parse(audience)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	ours := func(host string) bool { return strings.EqualFold(host, u.Hostname()) }
	if len(h) > 0 && !slices.ContainsFunc(h, ours) {
		return ""
	}
	parts := strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	if len(parts) < 3 || !slices.Contains([]string{"group", "r", "watch"}, parts[len(parts)-2]) {
		return ""
	}
	return parts[len(parts)-1]
}
