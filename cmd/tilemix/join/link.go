package join

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// follow takes the room and the invite out of the address, if it is one of a call or an invite link.
func (c *Command) follow() error {
	at := c.Server
	if !strings.Contains(at, "://") && strings.Contains(at, ":") { // as localhost:8080
		at = "http://" + at
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("server %q is no address such as https://meet.example.org", c.Server)
	}
	for _, page := range []string{"/r/", "/watch/"} {
		prefix, room, found := strings.Cut(u.Path, page)
		if !found {
			continue
		}
		if room = strings.TrimSuffix(room, "/"); c.Room != "" && c.Room != room {
			return fmt.Errorf("the address is that of room %q, and --room names %q: give one of them", room, c.Room)
		}
		c.Room, u.Path = room, prefix
	}
	if c.Room == "" {
		return fmt.Errorf("the address %s names no room: add --room ROOM, or give the address of the call, such as %s/r/demo", c.Server, strings.TrimRight(at, "/"))
	}
	if values, err := url.ParseQuery(u.Fragment); err == nil {
		c.Invite = cmp.Or(c.Invite, values.Get("i"))
	}
	u.Fragment, u.RawQuery, u.RawPath = "", "", ""
	c.Server = strings.TrimRight(u.String(), "/")
	return nil
}
