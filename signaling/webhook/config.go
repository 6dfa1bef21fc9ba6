package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Config says who is told, and how patiently. Start from Default.
type Config struct {
	URLs []string // http:// or https://; they may have secrets in them, which are not logged
	// Secret signs requests. After whsec_ the key follows in base64, as Standard Webhooks has it;
	// any other text is the key itself.
	Secret string
	Dir    string // of what is not delivered yet; made where it is missing
	Most   int    // events that wait for one URL

	Timeout time.Duration // of one request
	// Wait is the time from the first failure to the next attempt. It doubles with
	// each further failure up to LongestWait. A random part of up to a half is left out.
	Wait, LongestWait time.Duration
	MaxAge            time.Duration // of an event that is tried again
	Quit              time.Duration // for what is left when the server stops

	// Permit refuses addresses that nothing may be sent to. nil permits all.
	Permit func(netip.Addr) error
}

// Default tells nobody.
func Default() Config {
	return Config{
		Dir:     "data/webhooks",
		Most:    10_000,
		Timeout: 10 * time.Second,
		Wait:    time.Second, LongestWait: 5 * time.Minute,
		MaxAge: 12 * time.Hour,
		Quit:   2 * time.Second,
	}
}

// ErrConfig is returned for settings that cannot be used.
var ErrConfig = errors.New("webhooks")

// check names URLs by their number: they may have secrets in them.
func (c Config) check() error {
	if len(c.URLs) > 0 && c.Secret == "" {
		return fmt.Errorf("%w: there is no secret to sign with", ErrConfig)
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
	return nil // its addresses are looked at when they are known
}

func (c Config) permit(ip netip.Addr) error {
	if c.Permit == nil {
		return nil
	}
	return c.Permit(ip.Unmap())
}
