package signaling

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/gateway"
	"tilemix/mcu/views"
)

// Gateway is what signaling needs of [gateway.Gateway].
type Gateway interface {
	AddOutput(ctx context.Context, room string, o gateway.OutputOptions) (gateway.Info, error)
	AddInput(ctx context.Context, room string, o gateway.InputOptions) (gateway.Info, error)
	List(kind gateway.Kind, room string) []gateway.Info
	Get(kind gateway.Kind, room, id string) (gateway.Info, error)
	SetView(room, id string, w views.Wish) (gateway.Info, error)
	Remove(ctx context.Context, kind gateway.Kind, room, id string) error
	Collectors() []prometheus.Collector
}

// gatewayLinks serves the outputs or the inputs of rooms. It is safe for concurrent use.
type gatewayLinks struct {
	gateway Gateway
	bodies  bodies
	kind    gateway.Kind
	name    string // of the list in JSON
}

// add makes an output or an input of the options in the body.
func (l *gatewayLinks) add(c echo.Context) error {
	room, ctx, from := c.Param("room"), c.Request().Context(), originOf(c.Request()).host
	if l.kind == gateway.Output {
		return add(c, l.bodies, func(o gateway.OutputOptions) (gateway.Info, error) {
			o.From, o.Request = from, requestOf(c)
			return l.gateway.AddOutput(ctx, room, o)
		})
	}
	return add(c, l.bodies, func(o gateway.InputOptions) (gateway.Info, error) {
		o.From = from
		return l.gateway.AddInput(ctx, room, o)
	})
}

func (l *gatewayLinks) list(c echo.Context) error {
	return paged(c, l.name, l.gateway.List(l.kind, c.Param("room")), func(i gateway.Info) string { return i.ID })
}

func (l *gatewayLinks) get(c echo.Context) error {
	info, err := l.gateway.Get(l.kind, c.Param("room"), c.Param("id"))
	if err != nil {
		return err
	}
	return fresh(c, info)
}

// set takes {"view":…} for an output.
func (l *gatewayLinks) set(c echo.Context) error {
	return look(c, l.bodies, func(w views.Wish) (gateway.Info, error) {
		return l.gateway.SetView(c.Param("room"), c.Param("id"), w)
	})
}

func (l *gatewayLinks) remove(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	if err := l.gateway.Remove(ctx, l.kind, c.Param("room"), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// add reads options, makes a link of them and answers with the link and its address.
func add[Options any](c echo.Context, bodies bodies, create func(Options) (gateway.Info, error)) error {
	var o Options
	if err := bodies.json(c, &o); err != nil {
		return err
	}
	info, err := create(o)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", outside(c.Request(), c.Request().URL.Path)+"/"+info.ID)
	return c.JSON(http.StatusCreated, info)
}
