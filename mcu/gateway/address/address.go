package address

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrRefused is returned for every address that is not let through; the text says
// why, without the address.
var ErrRefused = errors.New("address refused")

const (
	maxLength = 2048
	// maxOption is how long an option may be that FFmpeg reads from a file.
	maxOption = 900
	hidden    = "***"
)

// Use is what an address is for.
type Use int

// The uses of addresses.
const (
	Output Use = iota // the mix is sent there
	Input             // a stream is read from there
)

// schemes are what can be done with each.
var schemes = map[string][]Use{
	"rtmp": {Output, Input}, "rtmps": {Output, Input}, "rtsp": {Output, Input},
	"srt": {Output}, "whip+http": {Output}, "whip+https": {Output},
	"http": {Input}, "https": {Input}, "file": {Input},
}

// srtOptions may stand in the query of an srt address: they change the connection and
// reach nothing else.
var srtOptions = []string{
	"mode", "streamid", "passphrase", "pbkeylen", "latency", "maxbw", "connect_timeout", "tlpktdrop",
}

// Address is where to send to or to read from. The zero value is none.
type Address struct {
	raw   string
	url   *url.URL
	token string // beside it; "": none
}

// Parse reads an address. It judges its form, not where it leads to.
func Parse(raw string, use Use) (Address, error) {
	if len(raw) > maxLength {
		return Address{}, refuse("it is longer than %d bytes", maxLength)
	}
	text := raw
	if strings.HasPrefix(strings.ToLower(raw), "srt:") {
		text = strings.ReplaceAll(raw, "#", "%23") // stream IDs begin with it
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || strings.ContainsAny(raw, " \"'\\`") {
		return Address{}, refuse("it is no URL") // what is wrong may be in the key
	}
	a := Address{raw: raw, url: u}
	uses, known := schemes[u.Scheme]
	switch {
	case !known:
		return Address{}, refuse("%q is not one of %s", u.Scheme, listed(use))
	case !slices.Contains(uses, use):
		return Address{}, refuse("%q cannot be used for this, but one of %s", u.Scheme, listed(use))
	case u.Scheme == "file":
		return a, a.checkFile()
	}
	return a, cmp.Or(a.checkHost(), a.checkForm())
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// listed lists the schemes for a use.
func listed(use Use) string {
	var all []string
	for scheme, uses := range schemes {
		if slices.Contains(uses, use) {
			all = append(all, scheme)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (a Address) checkHost() error {
	host := a.url.Hostname()
	switch {
	case a.url.Opaque != "" || host == "":
		return refuse("it names no host")
	case strings.Contains(host, ":") && !strings.HasPrefix(a.url.Host, "["):
		return refuse("its host has a colon: an IPv6 address stands in brackets, as [2a00::1]") // others take the first colon for the port's
	case strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-_:") != "":
		return refuse("its host has characters that no host's name has")
	case a.url.Fragment != "":
		return refuse("it has a # in it, which must be written %%23")
	}
	if port := a.url.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("its port is none")
		}
	}
	return nil
}

// checkForm tells what is amiss for the protocol.
func (a Address) checkForm() error {
	switch a.url.Scheme {
	case "rtmp", "rtmps":
		app, key := a.RTMP()
		if app == "" || key == "" {
			return refuse("RTMP needs an application and a stream key, as rtmp://host/app/key")
		}
		if len(app) > maxOption || len(key) > maxOption {
			return refuse("its path is longer than %d bytes", maxOption)
		}
	case "srt":
		if a.url.Port() == "" {
			return refuse("SRT needs a port, as srt://host:9000")
		}
		return a.checkSRT()
	}
	return nil
}

func (a Address) checkSRT() error {
	options, err := url.ParseQuery(a.url.RawQuery)
	if err != nil {
		return refuse("its query cannot be read")
	}
	for name, values := range options {
		value := values[0]
		switch {
		case !slices.Contains(srtOptions, name):
			return refuse("SRT has here the options %s only", strings.Join(srtOptions, ", "))
		case name == "mode" && value != "caller":
			return refuse("mode must be caller: the server waits for nobody")
		case len(values) > 1 || len(value) > maxOption || strings.ContainsAny(value, "\r\n\x00"):
			return refuse("the option %s is none", name)
		case name == "passphrase" && (len(value) < 10 || len(value) > 79): // libsrt's bounds
			return refuse("a passphrase of SRT has 10 to 79 characters")
		}
	}
	return nil
}

func (a Address) checkFile() error {
	path, err := url.PathUnescape(a.url.Opaque)
	if err != nil || path == "" || a.url.Host != "" || a.url.RawQuery != "" || a.url.Fragment != "" {
		return refuse("a file is named by its path in the data folder, as file:films/intro.mp4")
	}
	if !filepath.IsLocal(path) || strings.ContainsRune(path, 0) {
		return refuse("the path leads out of the data folder")
	}
	return nil
}

// Scheme returns the scheme, in small letters.
func (a Address) Scheme() string { return a.url.Scheme }

// Host returns the host, without its port.
func (a Address) Host() string { return a.url.Hostname() }

// HostPort returns the host and the port as they were named.
func (a Address) HostPort() string { return a.url.Host }

// Port returns the port that it names, or else that of its scheme. A file has none: 0.
func (a Address) Port() uint16 {
	usual := map[string]uint16{"rtmp": 1935, "rtmps": 443, "rtsp": 554, "http": 80, "https": 443}
	if n, err := strconv.ParseUint(a.url.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	return usual[a.Scheme()]
}

// URL returns the address itself, with its keys.
func (a Address) URL() string { return a.raw }

// File returns the path of a file, relative to the data folder.
func (a Address) File() string {
	path, _ := url.PathUnescape(a.url.Opaque)
	return path
}

// RTMP returns the application and the stream key, each as they are sent.
func (a Address) RTMP() (app, key string) {
	path := strings.TrimPrefix(a.url.EscapedPath(), "/")
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		app, key = path[:i], path[i+1:]
	}
	if key != "" && a.url.RawQuery != "" {
		key += "?" + a.url.RawQuery
	}
	return app, key
}

// SRT returns the options of the query.
func (a Address) SRT() map[string]string {
	options := map[string]string{}
	for name, values := range a.url.Query() {
		options[name] = values[0]
	}
	return options
}

// At returns the address with an IP in place of its host's name.
func (a Address) At(ip netip.Addr) Address {
	u := *a.url
	u.Host = ip.Unmap().String()
	if port := a.url.Port(); port != "" || ip.Unmap().Is6() {
		u.Host = strings.TrimSuffix(net.JoinHostPort(u.Host, port), ":")
	}
	return Address{raw: u.String(), url: &u, token: a.token}
}

// Server returns the URL of an RTMP server, by its name and always with a port.
func (a Address) Server() string {
	host := a.url.Host
	if a.url.Port() == "" {
		host += ":1935"
	}
	return a.url.Scheme + "://" + host
}

// App returns the URL of RTMP's application, which a client names to the server (tcUrl), as FFmpeg
// derives it: an application has one part of the path, or two if three or more parts are there.
func (a Address) App() string {
	app, rest, _ := strings.Cut(strings.TrimPrefix(a.url.EscapedPath(), "/"), "/")
	if instance, _, deep := strings.Cut(rest, "/"); deep && !strings.Contains(instance, ":") && app != "ondemand" {
		app += "/" + instance
	}
	return a.Server() + "/" + app
}

// IsWHIP tells whether the address is one of WHIP.
func (a Address) IsWHIP() bool { return strings.HasPrefix(a.Scheme(), "whip+") }

// Paced tells whether a stream may come faster than it is to be shown, as files do.
func (a Address) Paced() bool {
	return a.Scheme() == "file" || a.Scheme() == "http" || a.Scheme() == "https"
}

// Open returns an address of RTMP without its application and its key.
func (a Address) Open() string {
	user := ""
	if a.url.User != nil {
		user = a.url.User.String() + "@"
	}
	return a.url.Scheme + "://" + user + a.url.Host
}
