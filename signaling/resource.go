package signaling

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// maxPage is the most entries that a client may ask for in one page of a list.
const maxPage = 1000

var (
	errLimit    = &refusal{http.StatusBadRequest, fmt.Sprintf("limit must be a number from 1 to %d", maxPage)}
	errCursor   = &refusal{http.StatusBadRequest, "cursor is none of this list: take it from the field next of the page before"}
	errOutdated = &refusal{http.StatusPreconditionFailed, "If-Match names another state of this resource: read it again"}
)

// fresh answers with what is true only now. An answer to GET has an ETag, and is 304 for a client that
// knows this state (RFC 9110 §13.1.2).
func fresh(c echo.Context, body any) error {
	h, r := c.Response().Header(), c.Request()
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return c.JSON(http.StatusOK, body)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	tag := h.Get("ETag")
	if tag == "" {
		sum := sha256.Sum256(data)
		tag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
	}
	if lists(r.Header, "If-None-Match", tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.JSONBlob(http.StatusOK, append(data, '\n'))
}

// lists tells whether a header lists an entity tag, or is * (RFC 9110 §8.8.3.2).
func lists(h http.Header, name, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(h.Values(name), ","), ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// unchanged wraps what changes a resource: with If-Match it does so only if get answers as the client
// knows it.
func unchanged(get, change echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Header.Get("If-Match") == "" {
			return change(c)
		}
		now, answer := c.Response(), httptest.NewRecorder()
		look := r.Clone(r.Context())
		look.Method, look.Header = http.MethodGet, http.Header{}
		c.SetRequest(look)
		c.SetResponse(echo.NewResponse(answer, c.Echo()))
		err := get(c)
		c.SetRequest(r)
		c.SetResponse(now)
		if err != nil {
			return err
		}
		if !lists(r.Header, "If-Match", answer.Header().Get("ETag")) {
			return errOutdated
		}
		return change(c)
	}
}

// paged answers with a list, or with a page of it: at most limit entries after a cursor. The next page
// begins after the last key of this one, also when that entry is gone by then.
func paged[Entry any](c echo.Context, name string, all []Entry, key func(Entry) string) error {
	return pagedBeside(c, map[string]any{}, name, all, key)
}

// pagedBeside is paged, and the answer has more beside the list.
func pagedBeside[Entry any](c echo.Context, answer map[string]any, name string, all []Entry, key func(Entry) string) error {
	if all == nil {
		all = []Entry{}
	}
	query := c.QueryParams()
	if !query.Has("limit") && !query.Has("cursor") {
		answer[name] = all
		return fresh(c, answer)
	}
	limit := maxPage
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return errLimit
		}
		limit = n
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
	if err != nil {
		return errCursor
	}
	page := slices.Clone(all)
	slices.SortFunc(page, func(a, b Entry) int { return strings.Compare(key(a), key(b)) })
	page = slices.DeleteFunc(page, func(e Entry) bool { return len(after) > 0 && key(e) <= string(after) })
	if len(page) > limit {
		page = page[:limit]
		next := base64.RawURLEncoding.EncodeToString([]byte(key(page[limit-1])))
		answer["next"] = next
		r, more := c.Request(), url.Values{}
		maps.Copy(more, query)
		more.Set("cursor", next)
		c.Response().Header().Set("Link", "<"+outside(r, r.URL.EscapedPath())+"?"+more.Encode()+`>; rel="next"`)
	}
	answer[name] = page
	return fresh(c, answer)
}

// byTime is the key of entries in order of time.
func byTime(at time.Time, id string) string {
	return at.UTC().Format("2006-01-02T15:04:05.000000000Z") + id
}
