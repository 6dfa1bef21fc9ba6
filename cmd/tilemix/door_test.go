package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tilemix/signaling/certs"
)

// TestDoor serves by an authority of the server's own: by TLS for a device that trusts it, with a
// redirect for all others, and with the authority itself for devices that do not know it yet.
func TestDoor(t *testing.T) {
	s := &settings{DataDir: t.TempDir(), Hosts: []hostName{"meet.Example.org"}, tlsSettings: tlsSettings{TLS: "self", HTTPListen: "127.0.0.1:0"}}
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	d, err := newDoor(ctx, s, listener, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the site") })
	ended := make(chan error, 1)
	go func() {
		ended <- supervise(ctx, d.parts, d.listener, d.wrap(site), slog.New(slog.DiscardHandler))
	}()
	if text := d.greeting(); !strings.Contains(text, d.authority.Fingerprint()) || !strings.Contains(text, "█") || !strings.HasPrefix(text, "tilemix serves on https://") {
		t.Errorf("the start prints %s", text)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(d.authority.PEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	address := listener.Addr().String()
	second := d.parts[len(d.parts)-1].(*plainServer).listener.Addr().String()
	for _, at := range []string{address, second} {
		for host, status := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "Meet.example.org": http.StatusPermanentRedirect} {
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/r/demo", nil)
			r.Host = host
			response, err := new(http.Transport).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != status {
				t.Errorf("a plain request to %s: %s to %s", host, response.Status, response.Header.Get("Location"))
			}
		}
	}
	for url, want := range map[string]string{
		"https://" + address + "/":             "the site",
		"http://" + address + "/r/demo":        "the site", // by a redirect
		"http://" + second + "/r/demo":         "the site",
		"http://" + address + "/ca":            d.authority.Fingerprint(),
		"https://" + address + "/ca":           d.authority.Fingerprint(),
		"http://" + second + "/ca/tilemix.crt": "BEGIN CERTIFICATE",
	} {
		response, err := client.Get(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", url, response.StatusCode, body)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDoorModes: each mode says what it lacks, and plain HTTP stays as it is.
func TestDoorModes(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.pem")
	if err := os.WriteFile(broken, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		tls  tlsSettings
		want string // of the error
	}{
		{tlsSettings{TLS: "off"}, ""},
		{tlsSettings{TLS: "off", TLSCert: broken, TLSKey: broken}, "--tls-cert"},
		{tlsSettings{TLS: "off", Domains: []string{"meet.example.org"}}, "--domain"},
		{tlsSettings{TLS: "off", HTTPListen: ":80"}, "--http-listen"},
		{tlsSettings{TLS: "self", Domains: []string{"meet.example.org"}}, "--host names this server"},
		{tlsSettings{TLS: "files", TLSCert: broken, TLSKey: broken, Domains: []string{"meet.example.org"}}, "--host names this server"},
		{tlsSettings{TLS: "self", TLSKey: broken}, "--tls-key is for --tls files"},
		{tlsSettings{TLS: "acme", Domains: []string{"meet.example.org"}, TLSCert: broken}, "--tls-cert is for --tls files"},
		{tlsSettings{TLS: "self", ACMEEmail: "a@example.org"}, "--acme is for --tls acme"},
		{tlsSettings{TLS: "files"}, "--tls-cert"},
		{tlsSettings{TLS: "files", TLSCert: broken, TLSKey: broken}, broken},
		{tlsSettings{TLS: "acme"}, "--domain"},
		{tlsSettings{TLS: "acme", Domains: []string{"meet.example.org"}, ACMEEAB: "x"}, "ID:KEY"},
		{tlsSettings{TLS: "acme", Domains: []string{"meet.example.org"}}, ""},
		{tlsSettings{TLS: "self", HTTPListen: "nowhere"}, "--http-listen"},
	} {
		listener := listen(t)
		d, err := newDoor(t.Context(), &settings{DataDir: dir, tlsSettings: c.tls}, listener, log)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: %v, not %q", c.tls, err, c.want)
		case err == nil && c.tls.TLS == "off" && (d.listener != listener || d.parts != nil):
			t.Error("without TLS something stands before the site")
		case err == nil && c.tls.TLS == "acme" && !strings.HasPrefix(d.url, "https://meet.example.org"):
			t.Errorf("the URL is %s", d.url)
		}
	}
}

// TestCertificateMetrics: the time that a certificate has left is exported.
func TestCertificateMetrics(t *testing.T) {
	authority, err := certs.OpenAuthority(t.TempDir(), "box", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := certs.NewSelf(authority, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var d door
	d.count(source)
	if len(d.collectors) != 1 || time.Until(source.Expiry()) < 80*24*time.Hour {
		t.Errorf("%d metrics, and the certificate ends at %v", len(d.collectors), source.Expiry())
	}
}
