package join

import (
	"strings"
	"testing"
)

// TestFollow takes what people paste: addresses of servers, of calls, and invite links.
func TestFollow(t *testing.T) {
	for _, test := range []struct{ address, room, server, enters, invite, fails string }{
		{"http://localhost:8080", "demo", "http://localhost:8080", "demo", "", ""},
		{"localhost:8080", "demo", "http://localhost:8080", "demo", "", ""},
		{"https://meet.example.org/r/demo", "", "https://meet.example.org", "demo", "", ""},
		{"https://meet.example.org/r/demo", "demo", "https://meet.example.org", "demo", "", ""},
		{"https://meet.example.org/mix/r/demo#i=inv_abc", "", "https://meet.example.org/mix", "demo", "inv_abc", ""},
		{"https://meet.example.org/watch/demo/?x=1", "", "https://meet.example.org", "demo", "", ""},
		{"https://meet.example.org/r/demo", "hall", "", "", "", `room "demo"`},
		{"https://meet.example.org", "", "", "", "", "--room ROOM"},
		{"example", "demo", "", "", "", "no address"},
		{"ftp://example.org", "demo", "", "", "", "no address"},
	} {
		c := Command{Server: test.address, Room: test.room}
		err := c.follow()
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%s: %v, want an error with %s", test.address, err, test.fails)
			}
			continue
		}
		if err != nil || c.Server != test.server || c.Room != test.enters || c.Invite != test.invite {
			t.Errorf("%s: %s, %s, %s, %v", test.address, c.Server, c.Room, c.Invite, err)
		}
	}
}
