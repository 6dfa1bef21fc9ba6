package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/demux"
)

// TestSplit serves TLS and plain HTTP on one port: HTTP/2 and HTTP/1.1 by TLS, and a redirect for
// all else. TLS 1.1 is refused.
func TestSplit(t *testing.T) {
	a := openAuthority(t, t.TempDir())
	source, err := NewSelf(a, silent())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	split := demux.New(listener, Config(source), silent())
	secure, bare := split.Listen(demux.TLS), split.Listen(demux.HTTP)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- split.Run(ctx) }()
	site := &http.Server{TLSConfig: Config(source), Handler: Strict(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))}
	plain := &http.Server{Handler: Redirect("")}
	go func() { _ = site.Serve(secure) }()
	go func() { _ = plain.Serve(bare) }()

	// get returns the body and a header of an answer, after its status.
	get := func(url, header string, cfg *tls.Config, h2 bool) (string, error) {
		transport := &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: h2}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Get(url)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return fmt.Sprintf("%d %s %s", response.StatusCode, body, response.Header.Get(header)), err
	}
	trusted := &tls.Config{RootCAs: trust(t, a)}
	address := listener.Addr().String()
	for _, c := range []struct {
		h2   bool
		want string
	}{{true, "200 HTTP/2.0 max-age=31536000"}, {false, "200 HTTP/1.1 max-age=31536000"}} {
		if got, err := get("https://"+address+"/", "Strict-Transport-Security", trusted.Clone(), c.h2); err != nil || got != c.want {
			t.Errorf("got %q, %v, not %s", got, err, c.want)
		}
	}
	got, err := get("http://"+address+"/r/demo?x=1", "Location", nil, false)
	if err != nil || !strings.HasPrefix(got, "308 ") || !strings.HasSuffix(got, " https://"+address+"/r/demo?x=1") {
		t.Errorf("without TLS: %s, %v", got, err)
	}
	old := trusted.Clone()
	old.MaxVersion = tls.VersionTLS11 //nolint:gosec // to see it refused
	if _, err := get("https://"+address+"/", "", old, false); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if _, err := get("https://"+address+"/", "", nil, false); err == nil {
		t.Error("a client that does not trust the authority is content")
	}

	// A client that says nothing does not keep the server from ending.
	mute, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_ = mute.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := mute.Read(make([]byte, 1)); err == nil {
		t.Error("the mute client's connection is still open")
	}
	_ = site.Close()
	_ = plain.Close()
}

// TestRedirect names the TLS listener's port, unless that is the usual one.
func TestRedirect(t *testing.T) {
	for _, c := range [][3]string{
		{"", "box.local:8080", "https://box.local:8080/"},
		{"443", "box.local:80", "https://box.local/"},
		{"443", "box.local", "https://box.local/"},
		{"8443", "box.local", "https://box.local:8443/"},
		{"8443", "[fd00::1]:80", "https://[fd00::1]:8443/"},
		{"443", "[fd00::1]:80", "https://[fd00::1]/"},
	} {
		if got := redirected(c[0], c[1]); got != c[2] {
			t.Errorf("port %q, host %s: %s, not %s", c[0], c[1], got, c[2])
		}
	}
}
