package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/web/docs"
)

// guideRoutes lists the addresses of the user guides.
func (s *site) guideRoutes(e *echo.Echo) {
	guides := map[string]asset{}
	pages, err := docs.Pages()
	if err != nil {
		panic("signaling: " + err.Error()) // embedded files are always there
	}
	for name, page := range pages {
		guides[name] = newAsset(name+".html", page)
	}
	get(e, "/docs", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, "/docs/") })
	get(e, "/docs/", guides[docs.Index].serve)
	get(e, "/docs/:guide", func(c echo.Context) error {
		page, ok := guides[c.Param("guide")]
		if !ok {
			return mcu.ErrNotFound
		}
		return page.serve(c)
	})
}
