package address

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// leastSecret is the length of what is worth hiding in other texts, in bytes.
const leastSecret = 3

// String returns the address without what may be a key: user and password, the query,
// and the last part of the path, or all of the path with WHIP.
func (a Address) String() string {
	if a.url == nil {
		return ""
	}
	if a.Scheme() == "file" {
		return a.raw
	}
	s := a.Scheme() + "://"
	if a.url.User != nil {
		s += hidden + "@"
	}
	s += a.url.Host
	if path := a.url.EscapedPath(); len(path) > 1 {
		open := path[:strings.LastIndexByte(path, '/')+1]
		if strings.HasPrefix(a.Scheme(), "whip+") {
			open = "/"
		}
		s += open + hidden
	}
	if a.url.RawQuery != "" {
		s += "?" + hidden
	}
	return s
}

// Redact hides in a text what String hides, however it is escaped.
func (a Address) Redact(text string) string {
	if a.url == nil || a.Scheme() == "file" {
		return text
	}
	text = strings.ReplaceAll(text, a.raw, a.String())
	for _, secret := range a.secrets() {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// secrets are what is hidden, the longest first.
func (a Address) secrets() []string {
	found := []string{a.url.RawQuery, a.url.User.String(), a.url.User.Username()}
	if password, ok := a.url.User.Password(); ok {
		found = append(found, password)
	}
	path := strings.Split(a.url.EscapedPath(), "/")
	if !strings.HasPrefix(a.Scheme(), "whip+") {
		path = path[len(path)-1:]
	}
	found = append(found, path...)
	for pair := range strings.SplitSeq(a.url.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		found = append(found, value)
	}
	for _, s := range slices.Clone(found) {
		if plain, err := url.QueryUnescape(s); err == nil {
			found = append(found, plain)
		}
		if plain, err := url.PathUnescape(s); err == nil {
			found = append(found, plain, url.QueryEscape(plain), url.PathEscape(plain))
		}
	}
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < leastSecret })
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(found)
}
