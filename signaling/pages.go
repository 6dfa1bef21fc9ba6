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
	"tilemix/web"
)

// asset is a file that browsers load and ask about again by its entity tag.
type asset struct {
	name string // its ending tells the content type
	data []byte
	etag string
}

func newAsset(name string, data []byte) asset {
	sum := sha256.Sum256(data)
	return asset{name, data, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// serve answers with the file, or 304 to whom has it. Names do not change with
// the content, so browsers ask each time.
func (a asset) serve(c echo.Context) error {
	h := c.Response().Header()
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(c.Response(), c.Request(), a.name, time.Time{}, bytes.NewReader(a.data))
	return nil
}

// page serves one of the pages.
func page(name string) echo.HandlerFunc {
	data := web.Page(name)
	if data == nil {
		panic("signaling: no page " + name)
	}
	return newAsset(name, data).serve
}

// static serves the files of a folder, and no lists of them.
func static(folder fs.FS) echo.HandlerFunc {
	assets := map[string]asset{}
	err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		assets[path] = newAsset(path, data)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("signaling: static files: %v", err)) // embedded files are always there
	}
	return func(c echo.Context) error {
		a, ok := assets[c.Param("*")]
		if !ok {
			return mcu.ErrNotFound
		}
		return a.serve(c)
	}
}
