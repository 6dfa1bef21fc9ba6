package certs

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

const (
	// every is how often the certificates of an ACME authority are looked at, and again how soon
	// after a failure at least and at most.
	every              = time.Hour
	firstPause, utmost = 30 * time.Second, 30 * time.Minute
)

// ACMEConfig says which certificates an ACME authority is asked for.
type ACMEConfig struct {
	Domains   []string // names of this server, as clients write them
	Dir       string   // for the account and the certificates
	Email     string   // to which the authority writes; may be empty
	Directory string   // URL of the authority; empty: Let's Encrypt
	// EAB binds an account that the authority knows: its key's id, a colon, and the key in
	// base64url (RFC 8555 §7.3.4). It may be empty.
	EAB    string
	Client *http.Client // for the authority; nil: http.DefaultClient
	// Meanwhile gives the certificate until there is one, and for all other names.
	Meanwhile *Self
}

// ACME is the source of certificates by an authority that speaks RFC 8555.
type ACME struct {
	cfg     ACMEConfig
	manager *autocert.Manager
	log     *slog.Logger
	expiry  atomic.Pointer[time.Time] // of the certificate that ends first
	errors  atomic.Uint64
}

// NewACME returns a source that has no certificate until it is asked for one. By using it the
// operator accepts the authority's terms.
func NewACME(cfg ACMEConfig, log *slog.Logger) (*ACME, error) {
	if len(cfg.Domains) == 0 {
		return nil, fmt.Errorf("ACME needs the server's name: set --domain")
	}
	a := &ACME{cfg: cfg, log: log, manager: &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(cfg.Dir, "acme")),
		HostPolicy: only(cfg.Domains),
		Email:      cfg.Email,
		Client:     &acme.Client{DirectoryURL: cfg.Directory, HTTPClient: located(cfg.Client), UserAgent: "tilemix", RetryBackoff: backoff},
	}}
	if cfg.EAB != "" {
		id, text, _ := strings.Cut(cfg.EAB, ":")
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil || id == "" || len(key) == 0 {
			return nil, fmt.Errorf("the ACME account's binding must be ID:KEY with the key in base64url")
		}
		a.manager.ExternalAccountBinding = &acme.ExternalAccountBinding{KID: id, Key: key}
	}
	return a, nil
}

// only lets names of a list through, with or without a port.
func only(domains []string) autocert.HostPolicy {
	judge := autocert.HostWhitelist(domains...)
	return func(ctx context.Context, host string) error {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		return judge(ctx, host)
	}
}

// located returns a client with a locator.
func located(client *http.Client) *http.Client {
	var c http.Client
	if client != nil {
		c = *client
	}
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = &locator{next: next, orders: make(map[string]string)}
	return &c
}

// backoff says how long the n-th attempt at one request waits. A refusal because of too many
// requests ends the order, which Run begins anew much later.
func backoff(n int, _ *http.Request, r *http.Response) time.Duration {
	if n > 8 || r.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return time.Duration(n) * 100 * time.Millisecond
}

// Certificate returns the certificate for the name that a client asks for. The first one of a name
// is ordered now. It is safe for concurrent use.
func (a *ACME) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	challenge := slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto})
	if !challenge && !slices.Contains(a.cfg.Domains, strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))) {
		return a.cfg.Meanwhile.Certificate(hello)
	}
	cert, err := a.manager.GetCertificate(hello)
	if err != nil && !challenge {
		return a.cfg.Meanwhile.Certificate(hello)
	}
	return cert, err
}

// Plain returns what answers on port 80: the HTTP-01 challenge (RFC 8555 §8.3), and next.
func (a *ACME) Plain(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// Expiry returns when the certificate ends that ends first, or the zero time before there is one.
func (a *ACME) Expiry() time.Time {
	if t := a.expiry.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// Errors counts orders that failed.
func (a *ACME) Errors() uint64 { return a.errors.Load() }

// Run orders a certificate for each name and has them renewed, until ctx ends. After a failure it
// waits for 30 s at first and up to half an hour later. It returns nil.
func (a *ACME) Run(ctx context.Context) error {
	pause := firstPause
	for {
		wait := every
		if err := a.order(); err != nil {
			a.errors.Add(1)
			a.log.Error("no certificate by ACME; trying again", "error", err, "in", pause)
			wait, pause = pause, min(2*pause, utmost)
		} else {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// order asks for the certificate of each name, as a client that has all of today's algorithms.
func (a *ACME) order() error {
	var first time.Time
	for _, domain := range a.cfg.Domains {
		cert, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName:        domain,
			CipherSuites:      []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
			SignatureSchemes:  []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
			SupportedCurves:   []tls.CurveID{tls.CurveP256},
			SupportedVersions: []uint16{tls.VersionTLS13},
		})
		if err != nil {
			return fmt.Errorf("order a certificate for %s: %w", domain, err)
		}
		if first.IsZero() || cert.Leaf.NotAfter.Before(first) {
			first = cert.Leaf.NotAfter
		}
	}
	a.expiry.Store(&first)
	return nil
}
