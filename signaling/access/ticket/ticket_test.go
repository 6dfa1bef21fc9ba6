package ticket

import (
	"errors"
	"testing"
	"time"

	"tilemix/signaling/access"
)

// TestTickets issues a ticket: it opens its thing, for its time, on its server.
func TestTickets(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	tickets := New()
	ticket := tickets.Issue("file", now.Add(time.Hour))
	if err := tickets.Check(ticket, "file", now); err != nil {
		t.Error(err)
	}
	forged := []byte(ticket)
	forged[3] ^= 1
	for name, err := range map[string]error{
		"another thing":  tickets.Check(ticket, "other", now),
		"late":           tickets.Check(ticket, "file", now.Add(2*time.Hour)),
		"another server": New().Check(ticket, "file", now),
		"forged":         tickets.Check(string(forged), "file", now),
		"nothing":        tickets.Check("", "file", now),
	} {
		if !errors.Is(err, access.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
