package signaling

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/signaling/openapi"
	"tilemix/web"
	"tilemix/web/docs"
)

// asset is a file that browsers keep, and ask about again by its entity tag.
type asset struct {
	name   string // its ending gives the content type
	data   []byte
	packed func() []byte // data as gzip (RFC 1952) makes it, once a client takes it; nil where that saves little
	etag   string
}

func newAsset(name string, data []byte) asset {
	sum := sha256.Sum256(data)
	a := asset{name: name, data: data, etag: base64.RawURLEncoding.EncodeToString(sum[:12])}
	a.packed = sync.OnceValue(func() []byte { return pack(data) })
	return a
}

// pack returns data as gzip makes it, or nil where that saves less than a tenth.
func pack(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	if err != nil || w.Close() != nil || out.Len() >= len(data)*9/10 {
		return nil
	}
	return out.Bytes()
}

// serve answers with the file, or with 304 when the client has it. A file keeps its
// address when it changes, so browsers ask each time. The files of others have their version in
// their names.
func (a asset) serve(c echo.Context) error {
	h := c.Response().Header()
	data, etag := a.data, a.etag
	if packed := a.packed(); packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if unpacks(c.Request()) {
			h.Set("Content-Encoding", "gzip")
			data, etag = packed, etag+"-gzip"
		}
	}
	h.Set("ETag", `"`+etag+`"`)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(a.name, "vendor/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(c.Response(), c.Request(), a.name, time.Time{}, bytes.NewReader(data))
	return nil
}

// unpacks reports whether a client takes gzip (RFC 9110 §12.5.3). A part of a file is not packed.
func unpacks(r *http.Request) bool {
	if r.Header.Get("Range") != "" {
		return false
	}
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// assets are files by the rest of their address.
type assets map[string]asset

// serveRest serves the file that a route's * names. There are no lists of files.
func (a assets) serveRest(c echo.Context) error { return a.serve(c, c.Param("*")) }

// serveGuide serves the file that a route's :guide names.
func (a assets) serveGuide(c echo.Context) error { return a.serve(c, c.Param("guide")) }

// forAll answers with a static file that pages of all origins may load: the SDK, and its elements.
// What they may do with it is another question, see guard.
func (p *pages) forAll(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Access-Control-Allow-Origin", "*")
		c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		return p.static.serve(c, name)
	}
}

// add reads all files of a folder.
func (a assets) add(folder fs.FS, err error) error {
	if err != nil {
		return err
	}
	return fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		a[path] = newAsset(path, data)
		return err
	})
}

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
	archive           asset // recordings
	admin, check      asset
	icon              asset
	api, openapi      asset
	control           asset
	static, sdk       assets
	guides            assets
}

// newPages reads the embedded files. It fails when one is missing, which a test rules out.
func newPages() (*pages, error) {
	p := &pages{static: assets{}, sdk: assets{}, guides: assets{}}
	for name, to := range map[string]*asset{"index.html": &p.join, "call.html": &p.call, "watch.html": &p.watch, "archive.html": &p.archive, "admin.html": &p.admin, "check.html": &p.check} {
		data := web.Page(name)
		if data == nil {
			return nil, fmt.Errorf("page %s is not in the program", name)
		}
		*to = newAsset(name, data)
	}
	if err := errors.Join(p.static.add(web.Static()), p.sdk.add(web.SDK())); err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	p.icon = p.static["icon-192.png"]
	api, err := openapi.Page()
	if err != nil {
		return nil, err
	}
	p.api, p.openapi = newAsset("api.html", api), newAsset("openapi.json", openapi.Document())
	control, err := openapi.Control()
	if err != nil {
		return nil, err
	}
	p.control = newAsset("control.json", control)
	guides, err := docs.Pages()
	if err != nil {
		return nil, err
	}
	for name, data := range guides {
		p.guides[name] = newAsset(name+".html", data)
	}
	return p, nil
}

// lost answers a browser that asks for a page where there is none, and says whether it has.
func lost(c echo.Context, status int) bool {
	r := c.Request()
	page := web.Page("lost.html")
	if status != http.StatusNotFound || r.Method != http.MethodGet || page == nil || strings.HasPrefix(r.URL.Path, "/api/") ||
		!strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	page = bytes.ReplaceAll(page, []byte(`="./`), []byte(`="`+outside(r, "/")))
	return c.HTMLBlob(status, page) == nil
}
