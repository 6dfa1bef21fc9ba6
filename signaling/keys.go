package signaling

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/signaling/access/key"
)

// keys serves what is known of the API keys, and never their secrets. Nobody makes one here: a key that
// could make keys could do anything. It is safe for concurrent use.
type keys struct{ ring *key.Ring }

// listed is a key in an answer.
type listed struct {
	Name    string    `json:"name"`
	Scopes  []string  `json:"scopes"`
	Rooms   string    `json:"rooms"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Used    time.Time `json:"used,omitzero"`    // zero: not yet
}

func (k *keys) list(c echo.Context) error {
	all, err := k.ring.List()
	if err != nil {
		return err
	}
	out := make([]listed, len(all))
	for i, one := range all {
		out[i] = listed{one.Name, one.Scopes, one.Rooms, one.Created, one.Expires, one.Used}
	}
	return paged(c, "keys", out, func(one listed) string { return byTime(one.Created, one.Name) })
}

func (k *keys) remove(c echo.Context) error {
	name := c.Param("name")
	if err := k.ring.Remove(name); errors.Is(err, key.ErrNone) {
		return fmt.Errorf("key %.70q: %w", name, mcu.ErrNotFound)
	} else if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
