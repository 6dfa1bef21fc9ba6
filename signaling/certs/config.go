package certs

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"golang.org/x/crypto/acme"
)

// Source gives the certificate of a server and keeps it up to date.
type Source interface {
	// Certificate returns the certificate of now. It is safe for concurrent use.
	Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Run keeps the certificate up to date until the context ends.
	Run(context.Context) error
}

// Config returns what a server with a source speaks: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, and
// the challenge TLS-ALPN-01 (RFC 8737).
func Config(s Source) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", acme.ALPNProto},
		GetCertificate: s.Certificate,
	}
}

// Redirect sends a client that came without TLS to the same address with it. Port is that of the
// TLS listener; the empty one leaves the port that the client names.
func Redirect(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimSuffix(redirected(port, r.Host), "/")+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// redirected returns the address with TLS of a host and its port, as a request names them.
func redirected(port, host string) string {
	if port == "" {
		return "https://" + host + "/"
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	switch {
	case port != "443":
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return "https://" + host + "/"
}

// Strict tells browsers to come by TLS alone from now on (RFC 6797). It is for names whose
// certificate a public authority signed.
func Strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}
