// Package web holds the pages that a browser sees, embedded in the binary:
//
//	index.html  join page: room, name, preview, devices       GET /
//	call.html   the call                                      GET /r/{room}
//	watch.html  the viewer's page                             GET /watch/{room}
//	archive.html  the recordings of a room                    GET /recordings/{room}
//	admin.html  rooms, people, quality, cost, recordings, keys   GET /admin
//	check.html  device and connection before a call           GET /check
//	lost.html   where there is nothing                        404 to browsers
//	static/     ES modules, style sheets, icons               GET /static/…
//	sdk/        the npm package tilemix, on which the pages   GET /sdk/…, /sdk.js
//	            stand: connection, control channel, media
//	docs/       user guides, a package of its own            GET /docs/…
//	static/vendor/  hls.js 1.7.4 as npm has it, without its source map; its licence
//
// There is no build step for browsers of today: what is in static/ is what the browser loads,
// and its types are checked from their JSDoc. For older ones go generate makes *.es2019.js of
// the modules, and boot.js chooses. The pages keep to the content security
// policy default-src 'self': no inline script or style, no other host.
package web

import (
	"embed"
	"io/fs"
)

//go:generate go test . -run TestBuild$ -update
//go:embed *.html static sdk/*.js
var files embed.FS

// Static returns the files of /static/, rooted there: "call.js" is /static/call.js.
func Static() (fs.FS, error) { return fs.Sub(files, "static") }

// SDK returns the modules of /sdk/, rooted there: "link.js" is /sdk/link.js.
func SDK() (fs.FS, error) { return fs.Sub(files, "sdk") }

// Page returns the HTML of a page, "index.html", "call.html", "watch.html", "archive.html", "admin.html", "check.html" or "lost.html",
// and nil for any other name. The caller owns the memory.
func Page(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil
	}
	return b
}
