package signaling

import (
	"encoding/json"
	"fmt"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/pin"
)

// rooms serves what was decided about rooms: their rules and PINs, which outlive calls and the
// server. It is safe for concurrent use.
type rooms struct {
	srv    Server
	shelf  *book.Shelf
	bodies bodies
}

// decided is a room's rules in JSON. PINs are written and never shown.
type decided struct {
	rules.Terms
	PINs map[policy.Role]string `json:"pins,omitempty"`
}

func (r *rooms) get(c echo.Context) error {
	if err := mcu.CheckRoomName(c.Param("room")); err != nil {
		return err
	}
	b, err := r.shelf.View(c.Param("room"))
	if err != nil {
		return err
	}
	return r.answer(c, b)
}

// put replaces a room's rules, and its PINs where the body has some. With If-Match it does so only if the rules are still
// those that the client knows (RFC 9110 §13.1.1). A lock holds at once.
func (r *rooms) put(c echo.Context) error {
	room := c.Param("room")
	if err := mcu.CheckRoomName(room); err != nil {
		return err
	}
	var body decided
	if err := r.bodies.json(c, &body); err != nil {
		return err
	}
	if err := body.Check(); err != nil {
		return err
	}
	data, err := json.Marshal(body.Terms)
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	b, err := r.shelf.Update(room, c.Request().Header.Get("If-Match"), func(b *book.Book) (err error) {
		b.Rules = data
		for role, digits := range body.PINs {
			if b.Pins, err = pin.Set(b.Pins, role, digits); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_ = r.srv.Act(room, grantOf(c), control.Lock{Locked: body.Lock}) // nobody may be in the room
	return r.answer(c, b)
}

func (r *rooms) answer(c echo.Context, b book.Book) error {
	answer := struct {
		rules.Terms
		PINs []policy.Role `json:"pins"` // roles that have one
	}{PINs: []policy.Role{}}
	if len(b.Rules) > 0 {
		if err := json.Unmarshal(b.Rules, &answer.Terms); err != nil {
			return fmt.Errorf("rules of a room: %w", err)
		}
	}
	for _, p := range b.Pins {
		answer.PINs = append(answer.PINs, p.Role)
	}
	if tag := b.ETag(); tag != "" {
		c.Response().Header().Set("ETag", tag)
	}
	return fresh(c, answer)
}
