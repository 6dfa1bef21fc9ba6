package address

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	// leastSecret is the length of what is worth hiding in other texts, in bytes.
	leastSecret = 3
	// maxToken is how long a token may be, in bytes.
	maxToken = 4096
)

// WithToken returns the address with a bearer token, which Redact hides too. One that is
// too long is refused.
func (a Address) WithToken(token string) (Address, error) {
	if len(token) > maxToken {
		return Address{}, refuse("its token is longer than %d bytes", maxToken)
	}
	a.token = token
	return a, nil
}

// String returns the address without what may be a key: user and password, the query
// and the path. Of the path of RTMP the first part is shown, the application.
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
	if app, rest := a.path(); app != "" {
		s += "/" + app + "/" + hidden
	} else if len(rest) > 0 {
		s += "/" + hidden
	}
	if a.url.RawQuery != "" {
		s += "?" + hidden
	}
	return s
}

// path returns the parts of the path, as they were named: the one that is shown, if any,
// and the others. The one part of a path is never shown.
func (a Address) path() (app string, rest []string) {
	parts := strings.FieldsFunc(a.url.EscapedPath(), func(r rune) bool { return r == '/' })
	if len(parts) > 1 && strings.HasPrefix(a.Scheme(), "rtmp") {
		return parts[0], parts[1:]
	}
	return "", parts
}

// Redact hides in a text what String hides, and the token, however they are escaped.
func (a Address) Redact(text string) string {
	if a.url == nil || a.Scheme() == "file" {
		return text
	}
	text = strings.ReplaceAll(text, a.raw, a.String())
	return conceal(text, a.secrets())
}

// digits match what may be an IP address.
var digits = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}`)

// Mask hides in a text the IP addresses, except the one that the address names. They would tell where a
// name of the server's network leads to.
func (a Address) Mask(text string) string {
	return digits.ReplaceAllStringFunc(text, func(found string) string {
		if _, err := netip.ParseAddr(found); err != nil || a.url != nil && found == a.Host() {
			return found
		}
		return hidden
	})
}

// secrets are what is hidden, as it was named, as it is meant, and in base64.
func (a Address) secrets() []string {
	user := a.url.User.Username()
	password, _ := a.url.User.Password()
	found := []string{a.token, user, password, a.url.User.String(), user + ":" + password, a.url.RawQuery}
	_, path := a.path()
	found = append(found, path...)
	for pair := range strings.SplitSeq(a.url.RawQuery, "&") {
		name, value, named := strings.Cut(pair, "=")
		if !named {
			value = name
		}
		found = append(found, value)
	}
	for _, s := range slices.Clone(found) {
		if plain, err := url.QueryUnescape(s); err == nil {
			found = append(found, plain)
		}
		if plain, err := url.PathUnescape(s); err == nil {
			found = append(found, plain)
		}
	}
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < leastSecret })
	for _, s := range slices.Clone(found) {
		found = append(found, base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
