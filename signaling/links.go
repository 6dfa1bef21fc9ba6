package signaling

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/gateway"
)

// Gateway is what signaling needs of [gateway.Gateway].
type Gateway interface {
	AddOutput(ctx context.Context, room string, o gateway.OutputOptions) (gateway.Info, error)
	AddInput(ctx context.Context, room string, o gateway.InputOptions) (gateway.Info, error)
	List(kind gateway.Kind, room string) []gateway.Info
	Get(kind gateway.Kind, room, id string) (gateway.Info, error)
	Remove(ctx context.Context, kind gateway.Kind, room, id string) error
	Collectors() []prometheus.Collector
}

// linkRoutes lists the addresses of what rooms are connected with.
func (s *site) linkRoutes(e *echo.Echo) {
	if s.cfg.Gateway == nil {
		return
	}
	const outputs = "/api/v1/rooms/:room/outputs"
	e.POST(outputs, sameOrigin(s.addOutput))
	s.linksAt(e, outputs, "outputs", gateway.Output)
	const inputs = "/api/v1/rooms/:room/inputs"
	e.POST(inputs, sameOrigin(s.addInput))
	s.linksAt(e, inputs, "inputs", gateway.Input)
}

// linksAt is what is the same for all kinds.
func (s *site) linksAt(e *echo.Echo, at, name string, kind gateway.Kind) {
	get(e, at, wellNamed(func(c echo.Context) error {
		return fresh(c, map[string]any{name: s.cfg.Gateway.List(kind, c.Param("room"))})
	}))
	get(e, at+"/:id", func(c echo.Context) error {
		info, err := s.cfg.Gateway.Get(kind, c.Param("room"), c.Param("id"))
		if err != nil {
			return err
		}
		return fresh(c, info)
	})
	e.DELETE(at+"/:id", sameOrigin(func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
		defer cancel()
		if err := s.cfg.Gateway.Remove(ctx, kind, c.Param("room"), c.Param("id")); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}))
}

func (s *site) addOutput(c echo.Context) error {
	var o gateway.OutputOptions
	if err := s.json(c, &o); err != nil {
		return err
	}
	info, err := s.cfg.Gateway.AddOutput(c.Request().Context(), c.Param("room"), o)
	return created(c, info, err)
}

func (s *site) addInput(c echo.Context) error {
	var o gateway.InputOptions
	if err := s.json(c, &o); err != nil {
		return err
	}
	info, err := s.cfg.Gateway.AddInput(c.Request().Context(), c.Param("room"), o)
	return created(c, info, err)
}

// created tells of a new link and where it is.
func created(c echo.Context, info gateway.Info, err error) error {
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", c.Request().URL.Path+"/"+info.ID)
	return c.JSON(http.StatusCreated, info)
}
