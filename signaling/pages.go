package signaling

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/signaling/openapi"
	"tilemix/web"
	"tilemix/web/docs"
)

// asset is a file that browsers keep, and ask about again by its entity tag.
type asset struct {
	name string // its ending gives the content type
	data []byte
	etag string
}

func newAsset(name string, data []byte) asset {
	sum := sha256.Sum256(data)
	return asset{name, data, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// serve answers with the file, or with 304 when the client has it. A file keeps its
// address when it changes, so browsers ask each time.
func (a asset) serve(c echo.Context) error {
	h := c.Response().Header()
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(c.Response(), c.Request(), a.name, time.Time{}, bytes.NewReader(a.data))
	return nil
}

// assets are files by the rest of their address.
type assets map[string]asset

// serveRest serves the file that a route's * names. There are no lists of files.
func (a assets) serveRest(c echo.Context) error { return a.serve(c, c.Param("*")) }

// serveGuide serves the file that a route's :guide names.
func (a assets) serveGuide(c echo.Context) error { return a.serve(c, c.Param("guide")) }

func (a assets) serve(c echo.Context, name string) error {
	file, ok := a[name]
	if !ok {
		return mcu.ErrNotFound
	}
	return file.serve(c)
}

// pages are all files that a browser loads from the server. They do not change.
type pages struct {
	join, call, watch asset
	api, openapi      asset
	static, guides    assets
}

// newPages reads the embedded files. It fails when one is missing, which a test rules out.
func newPages() (*pages, error) {
	p := &pages{static: assets{}, guides: assets{}}
	for name, to := range map[string]*asset{"index.html": &p.join, "call.html": &p.call, "watch.html": &p.watch} {
		data := web.Page(name)
		if data == nil {
			return nil, fmt.Errorf("page %s is not in the program", name)
		}
		*to = newAsset(name, data)
	}
	folder, err := web.Static()
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		p.static[path] = newAsset(path, data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	api, err := openapi.Page()
	if err != nil {
		return nil, err
	}
	p.api, p.openapi = newAsset("api.html", api), newAsset("openapi.json", openapi.Document())
	guides, err := docs.Pages()
	if err != nil {
		return nil, err
	}
	for name, data := range guides {
		p.guides[name] = newAsset(name+".html", data)
	}
	return p, nil
}
