package certs

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func openAuthority(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := OpenAuthority(dir, "Box.example.", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// trust returns a pool with an authority alone.
func trust(t *testing.T, a *Authority) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("the authority's certificate is no PEM")
	}
	return pool
}

// TestAuthority: a device that trusts the authority accepts the machine's private addresses and
// names, after a restart too, and nothing that is public.
func TestAuthority(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	a := openAuthority(t, dir)
	pool := trust(t, a)
	again := openAuthority(t, dir)
	if a.Fingerprint() != again.Fingerprint() || len(a.Fingerprint()) != 95 {
		t.Errorf("the authority changed: %s, then %s", a.Fingerprint(), again.Fingerprint())
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key's mode: %v, %v", info.Mode(), err)
	}
	leaf, err := again.Issue([]net.IP{net.ParseIP("192.168.1.5"), net.ParseIP("93.184.216.34"), net.ParseIP("fd00::5"), net.IPv6loopback}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"192.168.1.5": true, "fd00::5": true, "::1": true, "localhost": true, "box.example": true, "box.local": true,
		"93.184.216.34": false, "192.168.1.6": false, "example.com": false,
	} {
		_, err := leaf.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if life := leaf.Leaf.NotAfter.Sub(leaf.Leaf.NotBefore); life > 91*24*time.Hour {
		t.Errorf("the certificate lives for %v", life)
	}
}

// TestConstraints: what the authority signs for a public name is refused, whoever has its key.
func TestConstraints(t *testing.T) {
	a := openAuthority(t, t.TempDir())
	pool := trust(t, a)
	for _, template := range []*x509.Certificate{
		{DNSNames: []string{"example.com"}},
		{DNSNames: []string{"localhost", "example.com"}},
		{IPAddresses: []net.IP{net.ParseIP("93.184.216.34").To4()}},
	} {
		template.SerialNumber, template.Subject = serial(), pkix.Name{CommonName: "evil"}
		template.NotBefore, template.NotAfter = time.Now().Add(-skew), time.Now().Add(skew)
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		der, err := x509.CreateCertificate(nil, template, a.cert, a.key.Public(), a.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool}); err == nil {
			t.Errorf("%v %v is accepted", template.DNSNames, template.IPAddresses)
		}
	}
}

// TestBrokenAuthority: a folder with half an authority, or with something else, is left as it is.
func TestBrokenAuthority(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"no key":      func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) },
		"no cert":     func(dir string) error { return os.Remove(filepath.Join(dir, certFile)) },
		"garbage":     func(dir string) error { return os.WriteFile(filepath.Join(dir, certFile), []byte("garbage"), 0o644) },
		"another key": func(dir string) error { openAuthorityOver(t, dir); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			openAuthority(t, dir)
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := OpenAuthority(dir, "box", time.Now())
			if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "remove both") {
				t.Errorf("error %v", err)
			}
		})
	}
	dir := t.TempDir()
	openAuthority(t, dir)
	if _, err := OpenAuthority(dir, "box", time.Now().Add(2*authorityLife)); err == nil || !strings.Contains(err.Error(), "ended on") {
		t.Errorf("long after: %v", err)
	}
}

// openAuthorityOver gives dir the key of another authority.
func openAuthorityOver(t *testing.T, dir string) {
	t.Helper()
	other := t.TempDir()
	openAuthority(t, other)
	key, err := os.ReadFile(filepath.Join(other, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), key, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSelf: the certificate follows the machine's addresses, and its own age.
func TestSelf(t *testing.T) {
	addresses := []net.IP{net.ParseIP("10.0.0.1")}
	s := &Self{authority: openAuthority(t, t.TempDir()), addresses: func() []net.IP { return addresses }, log: silent()}
	now := time.Now()
	if err := s.renew(addresses, now); err != nil {
		t.Fatal(err)
	}
	first := s.leaf.Load()
	s.follow(now.Add(leafLife / 2))
	if s.leaf.Load() != first {
		t.Error("a new certificate although nothing has changed")
	}
	addresses = append(addresses, net.ParseIP("10.0.0.2"), net.ParseIP("93.184.216.34"))
	s.follow(now)
	second := s.leaf.Load()
	if second.Leaf.VerifyHostname("10.0.0.2") != nil || second.Leaf.VerifyHostname("93.184.216.34") == nil {
		t.Errorf("the certificate is for %v", second.Leaf.IPAddresses)
	}
	s.follow(now)
	if s.leaf.Load() != second {
		t.Error("an address that cannot be signed makes a new certificate each time")
	}
	s.follow(now.Add(leafLife * 3 / 4))
	if s.leaf.Load() == second {
		t.Error("no new certificate after two thirds of the old one's life")
	}
	if got := machineAddresses(); len(got) == 0 {
		t.Error("this machine has no address")
	}
}

// TestPages: a device gets instructions, the certificate and a profile.
func TestPages(t *testing.T) {
	a := openAuthority(t, t.TempDir())
	for path, want := range map[string][2]string{
		"/ca":                      {"text/html; charset=utf-8", a.Fingerprint()},
		"/ca/tilemix.crt":          {"application/x-x509-ca-cert", "BEGIN CERTIFICATE"},
		"/ca/tilemix.mobileconfig": {"application/x-apple-aspen-config", "com.apple.security.root"},
	} {
		w := httptest.NewRecorder()
		a.Pages().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want[0] || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("%s: %d %s\n%s", path, w.Code, w.Header(), w.Body)
		}
	}
}

// TestFiles: a pair is read again when both files have changed. What does not fit leaves the old
// one in use, and is counted once.
func TestFiles(t *testing.T) {
	a := openAuthority(t, t.TempDir())
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	at := time.Now()
	write := func(file string, from *tls.Certificate) {
		t.Helper()
		kind, der := "CERTIFICATE", from.Certificate[0]
		if file == key {
			var err error
			if der, err = x509.MarshalPKCS8PrivateKey(from.PrivateKey); err != nil {
				t.Fatal(err)
			}
			kind = "PRIVATE KEY"
		}
		if err := writePEM(file, kind, der, 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	issue := func() *tls.Certificate {
		t.Helper()
		leaf, err := a.Issue(nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	if _, err := NewFiles(cert, key, silent()); err == nil || !strings.Contains(err.Error(), cert) {
		t.Errorf("no files: %v", err)
	}
	first, second := issue(), issue()
	write(cert, first)
	write(key, first)
	f, err := NewFiles(cert, key, silent())
	if err != nil {
		t.Fatal(err)
	}
	uses := func(what string, want *tls.Certificate, errors uint64) {
		t.Helper()
		got, _ := f.Certificate(nil)
		if got.Leaf.SerialNumber.Cmp(want.Leaf.SerialNumber) != 0 || f.Errors() != errors {
			t.Errorf("%s: another certificate, or %d errors, not %d", what, f.Errors(), errors)
		}
	}
	f.follow()
	uses("nothing has changed", first, 0)
	write(cert, second)
	f.follow()
	uses("half has changed", first, 0)
	write(key, second)
	f.follow()
	uses("both have changed", second, 0)
	if err := os.WriteFile(key, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		f.follow()
	}
	uses("the key is broken", second, 1)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		f.follow()
	}
	uses("a file is missing", second, 2)
	write(cert, first)
	write(key, first)
	f.follow()
	uses("all is well again", first, 2)
}
