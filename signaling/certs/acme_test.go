package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"tilemix/mcu/demux"
	"tilemix/mcu/mcutest"
)

// pebble is Let's Encrypt's server for tests of clients.
const pebble = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.3"

// TestACME gets a certificate from a real authority by each challenge, and by HTTP-01 with a bound
// account.
func TestACME(t *testing.T) {
	if testing.Short() {
		t.Skip("no authority with -short")
	}
	program := installPebble(t)
	for _, c := range []struct {
		name  string
		plain bool // the authority reaches the server without TLS only
		eab   string
	}{
		{name: "TLS-ALPN-01"},
		{name: "HTTP-01 and a bound account", plain: true, eab: "kid-1:zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startACME(t, program, c.plain, c.eab)
			first := s.await(t, "a certificate of the authority", func(leaf *x509.Certificate) bool { return strings.Contains(leaf.Issuer.String(), "Pebble") })
			if err := first.VerifyHostname("meet.example.org"); err != nil {
				t.Error(err)
			}
			other, err := s.source.Certificate(&tls.ClientHelloInfo{ServerName: "elsewhere.example.org"})
			if err != nil || other != s.source.cfg.Meanwhile.leaf.Load() {
				t.Errorf("for another name: %v", err)
			}
			s.await(t, "an expiry that is said", func(leaf *x509.Certificate) bool { return s.source.Expiry().Equal(leaf.NotAfter) })
		})
	}
}

// TestACMERefused: an authority that refuses is counted, and leaves the certificate of before in use.
func TestACMERefused(t *testing.T) {
	authority := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		_ = json.NewEncoder(w).Encode(map[string]string{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"})
	}))
	defer authority.Close()
	meanwhile, err := NewSelf(openAuthority(t, t.TempDir()), silent())
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewACME(ACMEConfig{Domains: []string{"meet.example.org"}, Dir: t.TempDir(), Directory: authority.URL, Meanwhile: meanwhile}, silent())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	for deadline := time.After(30 * time.Second); a.Errors() == 0; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatal("the refusal is not counted")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	cert, err := a.Certificate(&tls.ClientHelloInfo{ServerName: "meet.example.org", SupportedProtos: []string{"h2"}})
	if err != nil || cert != meanwhile.leaf.Load() {
		t.Errorf("got %v, %v", cert, err)
	}
	for _, bad := range []ACMEConfig{{}, {Domains: []string{"a"}, EAB: "no key"}, {Domains: []string{"a"}, EAB: ":eA"}, {Domains: []string{"a"}, EAB: "id:!"}} {
		if _, err := NewACME(bad, silent()); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// acmeStage is a server that has an authority.
type acmeStage struct {
	source *ACME
	tls    string // address
}

// startACME runs an authority, and a server that asks it for a certificate.
func startACME(t *testing.T, program string, plainOnly bool, eab string) *acmeStage {
	t.Helper()
	secure, plain := listen(t), listen(t)
	tlsPort, httpPort := port(secure), closed(t)
	if plainOnly {
		tlsPort, httpPort = closed(t), port(plain)
	}
	directory, client := startPebble(t, program, tlsPort, httpPort, eab)
	meanwhile, err := NewSelf(openAuthority(t, t.TempDir()), silent())
	if err != nil {
		t.Fatal(err)
	}
	source, err := NewACME(ACMEConfig{
		Domains: []string{"meet.example.org"}, Dir: t.TempDir(), Directory: directory, EAB: eab, Client: client, Meanwhile: meanwhile,
	}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	hello := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	site, redirect := &http.Server{Handler: hello}, &http.Server{Handler: source.Plain(Redirect(""))}
	shared := demux.New(secure, Config(source), silent()) // with TURN, which has an ALPN of its own too
	_, sorted := shared.Listen(demux.TURN), shared.Listen(demux.TLS)
	go func() { _ = site.Serve(sorted) }()
	go func() { _ = redirect.Serve(plain) }()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- source.Run(ctx) }()
	go func() { ended <- shared.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
		_ = errors.Join(site.Close(), redirect.Close())
	})
	return &acmeStage{source: source, tls: secure.Addr().String()}
}

// await connects until the server has a certificate that is right.
func (s *acmeStage) await(t *testing.T, what string, right func(*x509.Certificate) bool) *x509.Certificate {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		conn, err := tls.Dial("tcp", s.tls, &tls.Config{ServerName: "meet.example.org", InsecureSkipVerify: true}) //nolint:gosec // it is looked at
		if err != nil {
			continue
		}
		leaf := conn.ConnectionState().PeerCertificates[0]
		_ = conn.Close()
		if right(leaf) {
			return leaf
		}
	}
	t.Fatalf("never: %s; %d orders failed", what, s.source.Errors())
	return nil
}

// installPebble builds the authority once, and keeps it.
func installPebble(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(pebble, "@")
	dir := filepath.Join(cache, "tilemix-test", "pebble-"+version)
	program := filepath.Join(dir, "pebble")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	install := exec.CommandContext(t.Context(), "go", "install", pebble)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	install.Dir = t.TempDir() // outside of this module
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("go install %s: %v\n%s", pebble, err, out)
		}
		t.Fatalf("go install %s: %v\n%s", pebble, err, out)
	}
	return program
}

// startPebble runs the authority, which finds all names at 127.0.0.1. It returns its directory and
// a client that trusts it.
func startPebble(t *testing.T, program string, tlsPort, httpPort int, eab string) (directory string, client *http.Client) {
	t.Helper()
	a, dir := openAuthority(t, t.TempDir()), t.TempDir()
	leaf, err := a.Issue([]net.IP{net.IPv4(127, 0, 0, 1)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	own, management := "127.0.0.1:"+mcutest.Port(t), "127.0.0.1:"+mcutest.Port(t)
	settings := map[string]any{
		"listenAddress": own, "managementListenAddress": management,
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort,
		"profiles": map[string]any{"default": map[string]any{"description": "default", "validityPeriod": 7776000}},
	}
	if id, secret, ok := strings.Cut(eab, ":"); ok {
		settings["externalAccountBindingRequired"] = true
		settings["externalAccountMACKeys"] = map[string]string{id: secret}
	}
	text, err := json.Marshal(map[string]any{"pebble": settings})
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.json")
	if err := errors.Join(
		os.WriteFile(config, text, 0o600),
		writePEM(filepath.Join(dir, "cert.pem"), "CERTIFICATE", leaf.Certificate[0], 0o600),
		writePEM(filepath.Join(dir, "key.pem"), "PRIVATE KEY", key, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	command := exec.Command(program, "-config", config, "-dnsserver", serveNames(t))
	command.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=20")
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("the authority says:\n%s", out.String())
		}
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust(t, a)}}
	t.Cleanup(transport.CloseIdleConnections)
	directory, client = "https://"+own+"/dir", &http.Client{Transport: transport}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		response, err := client.Get(directory)
		if err == nil {
			_ = response.Body.Close()
			return directory, client
		}
		if time.Now().After(deadline) {
			t.Fatalf("the authority does not begin: %v", err)
		}
	}
}

// serveNames answers all questions for names with 127.0.0.1, over TCP (RFC 1035 §4.2.2).
func serveNames(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				var length [2]byte
				for _, err := io.ReadFull(conn, length[:]); err == nil; _, err = io.ReadFull(conn, length[:]) {
					question := make([]byte, binary.BigEndian.Uint16(length[:]))
					if _, err := io.ReadFull(conn, question); err != nil {
						return
					}
					answer := answerName(question)
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func answerName(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	answer, _ := m.Pack()
	return answer
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// closed returns a port that nobody has.
func closed(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(mcutest.Port(t))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
