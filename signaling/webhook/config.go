package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Config says which URLs get events, and how often the Sender tries. Start from Default.
type Config struct {
	URLs []string // http:// or https://; logs do not show them, because they may hold secrets
	// Secret signs requests. After whsec_ the key follows in base64, as Standard Webhooks has it;
	// any other text is the key itself.
	Secret string
	Dir    string // of undelivered events; the Sender makes it if it is missing
	// MaxQueued is how many events may wait for one URL. The oldest are dropped.
	MaxQueued int

	Timeout time.Duration // of one request
	// Wait is the time from the first failure to the next attempt. It doubles with each further
	// failure up to LongestWait, less a random part of up to a half (package backoff).
	Wait, LongestWait time.Duration
	MaxAge            time.Duration // older events are not sent again
	Quit              time.Duration // for the last attempts when the server stops

	// Permit returns an error for an address to which nothing may be sent. nil permits all.
	Permit func(netip.Addr) error
}

// Default has no URLs.
func Default() Config {
	return Config{
		Dir:       "data/webhooks",
		MaxQueued: 10_000,
		Timeout:   10 * time.Second,
		Wait:      time.Second, LongestWait: 5 * time.Minute,
		MaxAge: 12 * time.Hour,
		Quit:   2 * time.Second,
	}
}

// ErrConfig is returned for settings that cannot be used. Its text says which.
var ErrConfig = errors.New("webhooks")

// Check returns why no Sender can be made with a configuration. It names URLs by their number, because they
// may hold secrets. The error wraps ErrConfig.
func (c Config) Check() error {
	if len(c.URLs) > 0 && c.Secret == "" {
		return fmt.Errorf("%w: there is no secret to sign with (--webhook-secret)", ErrConfig)
	}
	if _, err := key(c.Secret); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for i, text := range c.URLs {
		if slices.Contains(c.URLs[:i], text) {
			return fmt.Errorf("%w: URL %d is there twice", ErrConfig, i+1)
		}
		if err := c.checkURL(text); err != nil {
			return fmt.Errorf("%w: URL %d: %w", ErrConfig, i+1, err)
		}
	}
	return nil
}

func (c Config) checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return errors.New("has no host")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return c.permit(ip)
	}
	return nil // a name's addresses are checked when it is resolved
}

func (c Config) permit(ip netip.Addr) error {
	if c.Permit == nil {
		return nil
	}
	return c.Permit(ip.Unmap())
}
