package signaling

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/views"
)

// Broadcaster is what signaling needs of [broadcast.Broadcaster].
type Broadcaster interface {
	Start(room string, o broadcast.Options) (info broadcast.Info, begun bool, err error)
	SetView(room string, w views.Wish) (broadcast.Info, error)
	Stop(ctx context.Context, room string) (broadcast.Info, error)
	Get(room string) (broadcast.Info, error)
	Serve(w http.ResponseWriter, r *http.Request, room, path string) error
	ServeList(w http.ResponseWriter, r *http.Request, room, path, up string, private bool) error
	Collectors() []prometheus.Collector
}

// broadcasts serves the broadcasts of rooms and their HLS. It is safe for concurrent use.
type broadcasts struct {
	broadcaster Broadcaster
	bodies      bodies
}

func (b *broadcasts) get(c echo.Context) error {
	info, err := b.broadcaster.Get(c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(c, info))
}

// start answers 201 when it has started the broadcast, and 200 when that was on before.
func (b *broadcasts) start(c echo.Context) error {
	var o broadcast.Options
	if err := b.bodies.json(c, &o); err != nil {
		return err
	}
	info, begun, err := b.broadcaster.Start(c.Param("room"), o)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if begun {
		return c.JSON(http.StatusCreated, located(c, info))
	}
	return c.JSON(http.StatusOK, located(c, info))
}

// set takes {"view":…}.
func (b *broadcasts) set(c echo.Context) error {
	return look(c, b.bodies, func(w views.Wish) (locatedInfo, error) {
		info, err := b.broadcaster.SetView(c.Param("room"), w)
		return located(c, info), err
	})
}

// look reads the view for an output or a broadcast, and answers with what it is then.
func look[Info any](c echo.Context, bodies bodies, show func(views.Wish) (Info, error)) error {
	var change struct {
		View *views.Wish `json:"view"`
	}
	if err := bodies.json(c, &change); err != nil {
		return err
	}
	if change.View == nil {
		return errNoView
	}
	info, err := show(*change.View)
	if err != nil {
		return err
	}
	return fresh(c, info)
}

func (b *broadcasts) stop(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	info, err := b.broadcaster.Stop(ctx, c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(c, info))
}

// list serves playlists. A cache between players and the server must not keep those of a player that
// brought a secret.
func (b *broadcasts) list(c echo.Context) error {
	r, room := ofPlayer(c), c.Param("room")
	_, path, _ := strings.Cut(r.URL.Path, "/hls/"+room+"/")
	with, _ := c.Get(secretKey).(bool)
	return b.broadcaster.ServeList(c.Response(), r, room, path, "", with || r.Header.Get("Tilemix-Pin") != "")
}

// ofPlayer returns a request with the address of the player, also behind proxies that the server trusts.
func ofPlayer(c echo.Context) *http.Request {
	r := c.Request()
	if client := originOf(r).client; client.IsValid() {
		r = r.WithContext(r.Context()) // a copy
		r.RemoteAddr = client.String()
	}
	return r
}

// listed serves the playlists of a player that has its secret in the path, because it cannot send
// headers. They lead to files whose addresses do not have the secret.
func (b *broadcasts) listed(c echo.Context) error {
	return b.broadcaster.ServeList(c.Response(), ofPlayer(c), c.Param("room"), c.Param("*"), "../../", true)
}

// file serves what playlists name. Its address has the random ID of the stream, which only playlists
// have, so caches may give it to players without a secret.
func (b *broadcasts) file(c echo.Context) error {
	name := c.Param("file")
	if strings.HasSuffix(name, ".m3u8") {
		return mcu.ErrNotFound
	}
	return b.broadcaster.Serve(c.Response(), c.Request(), c.Param("room"), c.Param("stream")+"/"+name)
}

// locatedInfo is a broadcast with the addresses of its playlist and its page.
type locatedInfo struct {
	broadcast.Info
	Playlist string `json:"playlist"`
	Watch    string `json:"watch"`
}

func located(c echo.Context, info broadcast.Info) locatedInfo {
	r := c.Request()
	return locatedInfo{info, outside(r, "/hls/"+info.Room+"/index.m3u8"), outside(r, "/watch/"+info.Room)}
}
