package signaling

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/policy"
	"tilemix/signaling/access"
	"tilemix/signaling/audit"
)

// maxWho (64) is the most bytes of a name that an entry of the audit log has.
const maxWho = 64

// ruled are the actions that rooms write down themselves, see [mcu.Config].
var ruled = []string{"set", "kick", "ask", "move", "lock", "message", "end"}

// witness writes down what the gate decides, and what programs do beside rooms.
type witness func(audit.Entry)

// Ruled returns the entry of what a room has decided.
func Ruled(r policy.Ruling) audit.Entry {
	return judged(audit.Entry{Room: r.Room, Action: r.Action, Who: r.Who, By: r.By, Whom: r.Whom}, r.Err)
}

// refused writes down that the gate did not let a request in.
func (w witness) refused(q access.Request, err error) {
	if w != nil {
		w(judged(entered(q, policy.Grant{}), err))
	}
}

// serves wraps what serves a request that the gate has let in. It writes down who enters a room and
// what is changed, but not what is looked at: a player of HLS asks for much.
func (w witness) serves(c echo.Context, q access.Request, g policy.Grant, serve echo.HandlerFunc) error {
	method := c.Request().Method
	looks := (method == http.MethodGet || method == http.MethodHead) && q.Action != "connect"
	if w == nil || looks || slices.Contains(ruled, q.Action) {
		return serve(c)
	}
	e := entered(q, g)
	if !q.Enters() {
		e.Whom = c.Param("id")
	}
	if q.Action == "connect" { // it is served until the client has left
		w(judged(e, nil))
		err := serve(c)
		if err != nil && !c.Response().Committed {
			w(judged(e, err))
		}
		return err
	}
	err := serve(c)
	w(judged(e, err))
	return err
}

// entered is the entry of a request. A room that no room can be called, or a long name, is the
// client's text and nothing else.
func entered(q access.Request, g policy.Grant) audit.Entry {
	e := audit.Entry{Room: q.Room, Action: q.Action, Who: cmp.Or(g.Identity, g.Name, q.Name), By: g.By}
	if mcu.CheckRoomName(q.Room) != nil {
		e.Room = ""
	}
	if len(e.Who) > maxWho {
		e.Who = e.Who[:maxWho]
	}
	if q.Client.IsValid() {
		e.Address = q.Client.String()
	}
	return e
}

// judged adds how it went.
func judged(e audit.Entry, err error) audit.Entry {
	e.Result = audit.Done
	if err != nil {
		status, _ := explain(err)
		e.Result, e.Code = audit.Refused, code(err, status)
	}
	return e
}
