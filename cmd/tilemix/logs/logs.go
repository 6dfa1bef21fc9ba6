// Package logs makes the log of the server.
//
// A line has a static message and attributes. Attributes name the same thing everywhere:
//
//	participant  public ID, which events, the API and recordings have too
//	request      ID of an HTTP request, which its answer has as X-Request-Id, and its trace
//	room         name of the room
//	recording    ID of a recording
//	reason       why, in words
//	name         name that a participant gave
//	from         address of a client
//	remote       address at the client's end of a media connection
//	agent        program of a client
//
// The last four tell of people. A private log leaves them out.
package logs

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Config says what is logged, and how.
type Config struct {
	JSON    bool
	Level   slog.Leveler // lowest that is logged; it may change
	Private *atomic.Bool // names and addresses of clients are left out; it may change. nil: they are not
}

// personal are the keys of attributes that tell of people.
var personal = []string{"name", "from", "remote", "agent"}

// New returns a logger that writes to out. It is safe for concurrent use.
func New(cfg Config, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Level, ReplaceAttr: cfg.attribute}
	if cfg.JSON {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// attribute gives lengths of time a unit, and takes people out of a private log.
func (c Config) attribute(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return a
	}
	return c.Shown(a)
}

// Shown returns an attribute as the log shows it, the zero Attr if the log leaves it out.
func (c Config) Shown(a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, rounded(a.Value.Duration()).String())
	}
	if c.Private == nil || !c.Private.Load() {
		return a
	}
	if slices.Contains(personal, a.Key) {
		return slog.Attr{}
	}
	switch v := a.Value.Any().(type) {
	case string:
		return slog.String(a.Key, hide(v))
	case error, fmt.Stringer, []netip.Addr:
		return slog.String(a.Key, hide(fmt.Sprint(v)))
	}
	return a
}

// rounded leaves a length of time three digits.
func rounded(d time.Duration) time.Duration {
	step := time.Duration(1)
	for abs := max(d, -d); abs/step >= 1000; step *= 10 {
	}
	return d.Round(step)
}

// candidate finds what may be an IP address.
var candidate = regexp.MustCompile(`[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]+`)

// hide takes IP addresses out of a text, with their ports.
func hide(text string) string {
	return candidate.ReplaceAllStringFunc(text, func(s string) string {
		for _, address := range []string{s, strings.TrimRight(s, ".:")} { // a colon or the end of a sentence may follow
			_, plain := netip.ParseAddr(address)
			_, port := netip.ParseAddrPort(address)
			if plain == nil || port == nil {
				return "-" + s[len(address):]
			}
		}
		return s
	})
}
