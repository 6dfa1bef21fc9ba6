// Package hook asks another server who may enter.
//
//	join ─▶ Hook.Ask ─▶ POST, JSON ─▶ {"allow":true,"role":"host",…} ─▶ credential.Claims
//	                     └─ no answer in 2 s, or one that is none ─▶ the refusal hook_failed
//
// Only an answer that says so lets a client in: a hook that is down, slow or wrong lets in nobody.
// The client connects to the URL's own host: it follows no redirection and uses no proxy, and it judges
// each address that the name resolves to, as package webhook does.
//
// The package starts no goroutine but those of net/http for connections. A Hook is safe for concurrent
// use.
package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"

	"tilemix/mcu"
	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
)

const (
	atOnce    = 64       // questions; the others wait, within their time
	largest   = 64 << 10 // bytes of an answer
	maxText   = 200      // bytes of a name, a view or a reason
	tryAgain  = 5 * time.Second
	longField = 8 << 10 // bytes of a field of a question
)

// ErrConfig is returned for a URL that cannot be used.
var ErrConfig = errors.New("auth hook")

// Config says which server is asked. Start from Default.
type Config struct {
	URL     string        // http:// or https://; logs do not show it, because it may hold a secret
	Timeout time.Duration // of a question, connection included
	// Permit returns an error for an address that must not be asked. nil permits all.
	Permit func(netip.Addr) error
}

// Default has no URL.
func Default() Config { return Config{Timeout: 2 * time.Second} }

// Question is what the other server is told. Token is the client's own credential, so the URL should
// be https://.
type Question struct {
	Action    string `json:"action"` // as the table of policy has it, such as connect or watch
	Room      string `json:"room"`
	Identity  string `json:"identity,omitempty"` // of a token that was verified
	Name      string `json:"name,omitempty"`
	Token     string `json:"token,omitempty"`
	Address   string `json:"address"`
	Protocol  string `json:"protocol"` // whip, whep, ws, hls
	UserAgent string `json:"userAgent,omitempty"`
}

// answer is what the other server says. Fields that are not known are ignored.
type answer struct {
	Allow  *bool        `json:"allow"`
	Role   *policy.Role `json:"role"`
	Name   string       `json:"name"`
	Room   string       `json:"room"`
	View   string       `json:"view"`
	Until  time.Time    `json:"until"`
	Reason string       `json:"reason"`
}

// Hook asks. It is safe for concurrent use.
type Hook struct {
	cfg    Config
	client *http.Client
	turns  chan struct{}
	log    *slog.Logger
	warned atomic.Int64 // the second of the last warning
}

// New returns a Hook that has connected to nothing. The error wraps ErrConfig.
func New(cfg Config, log *slog.Logger) (*Hook, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: the URL must begin with http:// or https:// and name a host", ErrConfig)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := cfg.permit(ip); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	dialer := net.Dialer{Timeout: cfg.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return cfg.permit(to.Addr())
	}}
	client := &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    cfg.Timeout,
			IdleConnTimeout:        time.Minute,
			MaxIdleConnsPerHost:    8,
			MaxResponseHeaderBytes: largest,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Hook{cfg: cfg, client: client, turns: make(chan struct{}, atOnce), log: log}, nil
}

func (c Config) permit(ip netip.Addr) error {
	if c.Permit == nil {
		return nil
	}
	return c.Permit(ip.Unmap())
}

// Close closes connections that are kept for later questions.
func (h *Hook) Close() { h.client.CloseIdleConnections() }

// Ask returns what a client may do, and in which room: the one that it asked for, unless the answer
// names another. An error is a *credential.Refusal: hook_denied with the other server's reason, or
// hook_failed; or that of the context.
func (h *Hook) Ask(ctx context.Context, q Question, now time.Time) (c credential.Claims, room string, err error) {
	limited, cancel := context.WithTimeout(ctx, h.cfg.Timeout)
	defer cancel()
	a, err := h.post(limited, q)
	if err == nil {
		err = a.check()
	}
	switch {
	case err != nil && ctx.Err() != nil: // the client is gone, which says nothing of the hook
		return credential.Claims{}, "", ctx.Err()
	case err != nil:
		if last := h.warned.Swap(now.Unix()); last != now.Unix() { // once a second
			h.log.Warn("auth hook lets nobody in", "error", err)
		}
		r := credential.Refuse("hook_failed", "the server that decides who may enter does not answer: try again in a moment")
		r.After = tryAgain
		return credential.Claims{}, "", r
	}
	if !*a.Allow || !a.Until.IsZero() && !now.Before(a.Until) {
		r := credential.Refuse("hook_denied", "you may not enter")
		if reason := plain(a.Reason); reason != "" {
			r.Text += ": " + reason
		}
		return credential.Claims{}, "", r
	}
	room = q.Room
	if a.Room != "" {
		room = a.Room
	}
	c = credential.Claims{
		Grant:   policy.Grant{Identity: q.Identity, Name: a.Name, View: a.View},
		Rooms:   credential.Literal(room),
		Expires: a.Until,
	}
	if a.Role != nil {
		c.Grant.Role = *a.Role
	}
	return c, room, nil
}

// post asks once. No error has the URL or the question in it.
func (h *Hook) post(ctx context.Context, q Question) (a answer, err error) {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return a, errors.New("too many questions at once")
	}
	for _, field := range []*string{&q.Identity, &q.Name, &q.Token, &q.UserAgent} {
		*field = (*field)[:min(len(*field), longField)]
	}
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return a, errors.New("the URL cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "tilemix")
	response, err := h.client.Do(request)
	if u, ok := errors.AsType[*url.Error](err); ok {
		return a, u.Err
	}
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("status %d instead of 200", response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, largest+1))
	switch {
	case err != nil:
		return a, err
	case len(data) > largest:
		return a, fmt.Errorf("the answer is longer than %d bytes", largest)
	}
	if json.Unmarshal(data, &a) != nil {
		return a, errors.New(`the answer is not {"allow":…, "role", "name", "room", "view", "until", "reason"} in JSON`)
	}
	return a, nil
}

func (a answer) check() error {
	switch {
	case a.Allow == nil:
		return errors.New(`the answer has no "allow"`)
	case a.Room != "" && mcu.CheckRoomName(a.Room) != nil:
		return errors.New(`"room" in the answer is no name of a room`)
	case len(a.Name) > maxText || len(a.View) > maxText:
		return fmt.Errorf(`"name" or "view" in the answer is longer than %d bytes`, maxText)
	}
	return nil
}

// plain returns a reason as one short line.
func plain(reason string) string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, reason)
	return strings.ToValidUTF8(strings.TrimSpace(line[:min(len(line), maxText)]), "")
}
