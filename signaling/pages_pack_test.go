package signaling

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// fetchAsset asks for an asset with these headers, name and value in turn.
func fetchAsset(t *testing.T, a asset, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/static/"+a.name, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	if err := a.serve(echo.New().NewContext(request, answer)); err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestAssetPacked checks that a client gets a file packed only if it says that it unpacks it.
func TestAssetPacked(t *testing.T) {
	text := []byte(strings.Repeat("All see the call. ", 200))
	a := newAsset("call.js", text)
	for _, tt := range []struct {
		accepts string
		packed  bool
	}{
		{"", false},
		{"gzip", true},
		{"br, gzip;q=0.5", true},
		{"gzip;q=0", false},
		{"gzip; q=0", false},
		{"br", false},
		{"gzippy", false},
	} {
		answer := fetchAsset(t, a, "Accept-Encoding", tt.accepts)
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != tt.packed {
			t.Errorf("%q: packed is %v", tt.accepts, got)
		}
		if vary := answer.Header().Get("Vary"); vary != "Accept-Encoding" {
			t.Errorf("%q: Vary is %q", tt.accepts, vary)
		}
		body := io.Reader(answer.Body)
		if tt.packed {
			unpacked, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%q: %d bytes, %v", tt.accepts, len(got), err)
		}
	}
	part := fetchAsset(t, a, "Accept-Encoding", "gzip", "Range", "bytes=0-2")
	if got, err := io.ReadAll(part.Body); err != nil || string(got) != "All" || part.Code != http.StatusPartialContent {
		t.Errorf("a part: %d %q, %v", part.Code, got, err)
	}
}

// TestAssetKept checks how long browsers keep files: those with a version in their names for
// good, and the others until they have asked.
func TestAssetKept(t *testing.T) {
	text := []byte(strings.Repeat("All see the call. ", 200))
	for name, want := range map[string]string{
		"call.js":             "no-cache",
		"vendor/hls-1.min.js": "public, max-age=31536000, immutable",
	} {
		a := newAsset(name, text)
		answer := fetchAsset(t, a, "Accept-Encoding", "gzip")
		if got := answer.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		plain, packed := fetchAsset(t, a).Header().Get("ETag"), answer.Header().Get("ETag")
		if plain == packed {
			t.Errorf("%s has the tag %s packed and not", name, plain)
		}
		if again := fetchAsset(t, a, "Accept-Encoding", "gzip", "If-None-Match", packed); again.Code != http.StatusNotModified {
			t.Errorf("%s again: %d", name, again.Code)
		}
	}
	if small := newAsset("logo.svg", []byte("<svg/>")); small.packed() != nil {
		t.Error("a small file is packed")
	}
}
