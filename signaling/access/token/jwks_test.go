package token_test

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/signaling/access/token"
)

// jwk is a public RSA key as a JWKS has it.
func jwk(key crypto.Signer, id string, more m) m {
	k := key.Public().(*rsa.PublicKey)
	b64 := base64.RawURLEncoding.EncodeToString
	out := m{"kty": "RSA", "kid": id, "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	maps.Copy(out, more)
	return out
}

func jwks(t testing.TB, keys ...m) []byte {
	t.Helper()
	data, err := json.Marshal(m{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// provider serves a JWKS.
type provider struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func provide(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(data []byte) {
	p.respond(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
}

func (p *provider) respond(f http.HandlerFunc) { p.answer.Store(&f) }

func rs(t testing.TB, key *rsa.PrivateKey, id string) string {
	t.Helper()
	head := m{}
	if id != "" {
		head["kid"] = id
	}
	return sign(t, jwt.SigningMethodRS256, key, good(m{"exp": now.Unix() + 7200}), head)
}

// TestRotation rotates the keys of a provider: an unknown key ID fetches the set once a minute at
// most, and a key that was taken away is good for 15 minutes at most.
func TestRotation(t *testing.T) {
	s, p, cfg := keysOnce(), provide(t), token.Default()
	cfg.JWKS = p.URL + "/certs?key=hunter2"
	v, log := open(t, cfg)
	p.serve(jwks(t, jwk(s.rsa, "one", nil)))
	for i, step := range []struct {
		at      time.Duration
		key     *rsa.PrivateKey
		id      string
		code    string
		fetches int32
		serve   []m
	}{
		{0, s.rsa, "one", "", 1, nil},
		{time.Second, s.rsa, "", "", 1, nil}, // no key ID: each key is tried
		{2 * time.Second, s.rsa, "one", "", 1, nil},
		{3 * time.Second, s.strange, "two", "token_invalid", 1, []m{jwk(s.strange, "two", nil)}}, // too soon to ask again
		{59 * time.Second, s.strange, "two", "token_invalid", 1, nil},
		{61 * time.Second, s.strange, "two", "", 2, nil},
		{62 * time.Second, s.rsa, "one", "token_invalid", 2, nil},
		{63 * time.Second, s.strange, "one", "token_invalid", 2, nil},
		{10 * time.Minute, s.strange, "two", "", 2, []m{jwk(s.rsa, "one", nil)}},
		{17 * time.Minute, s.strange, "two", "token_invalid", 3, nil},
		{17 * time.Minute, s.rsa, "one", "", 3, nil},
	} {
		if step.serve != nil {
			p.serve(jwks(t, step.serve...))
		}
		_, err := v.Verify(t.Context(), rs(t, step.key, step.id), "demo", now.Add(step.at))
		if got := code(t, err); got != step.code || p.asked.Load() != step.fetches {
			t.Errorf("step %d: %q after %d fetches, want %q after %d", i, got, p.asked.Load(), step.code, step.fetches)
		}
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log has the URL: %s", log)
	}
}

// TestProviderFails has answers that are no JWKS. The keys of before stay.
func TestProviderFails(t *testing.T) {
	s, p, cfg := keysOnce(), provide(t), token.Default()
	cfg.JWKS = p.URL + "/?key=hunter2"
	answers := map[string]http.HandlerFunc{
		"status":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"words":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
		"no keys":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
		"too long": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/other", http.StatusFound)
				return
			}
			_, _ = w.Write(jwks(t, jwk(s.rsa, "one", nil)))
		},
		"slow":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a secret": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(secretSet(t)) },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.Timeout = time.Minute
			if name == "slow" {
				cfg.Timeout = 3 * time.Second // in which also a busy machine answers afterwards
			}
			v, log := open(t, cfg)
			p.respond(answer)
			_, err := verify(v, rs(t, s.rsa, "one"), "demo")
			if got := code(t, err); got != "token_keys" {
				t.Errorf("without a set: %q", got)
			}
			_, err = verify(v, sign(t, jwt.SigningMethodHS256, []byte(secret), good(nil), m{"kid": "s"}), "demo")
			if err == nil {
				t.Error("a secret of a JWKS that came over the network is good")
			}
			p.serve(jwks(t, jwk(s.rsa, "one", nil)))
			if _, err := v.Verify(t.Context(), rs(t, s.rsa, "one"), "demo", now.Add(2*time.Minute)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			p.respond(answer)
			if _, err := v.Verify(t.Context(), rs(t, s.rsa, "one"), "demo", now.Add(time.Hour)); err != nil {
				t.Errorf("the set of before is gone: %v", err)
			}
			if n := strings.Count(log.String(), "JWKS not read"); n != 2 || strings.Contains(log.String(), "hunter2") {
				t.Errorf("%d lines: %s", n, log)
			}
		})
	}
}

func secretSet(t testing.TB) []byte {
	return jwks(t, m{"kty": "oct", "kid": "s", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString([]byte(secret))})
}

// TestSetFile reads a JWKS of a file, which may have secrets, and keys for other ends.
func TestSetFile(t *testing.T) {
	s, cfg := keysOnce(), token.Default()
	short := m{"kty": "oct", "kid": "short", "k": "AAAA"}
	var secrets struct{ Keys []m }
	if err := json.Unmarshal(secretSet(t), &secrets); err != nil {
		t.Fatal(err)
	}
	cfg.JWKS = write(t, filepath.Join(t.TempDir(), "jwks.json"), jwks(t, short, m{"kty": "unknown"}, secrets.Keys[0],
		jwk(s.rsa, "enc", m{"use": "enc"}), jwk(s.rsa, "512", m{"alg": "RS512"}), jwk(s.rsa, "sig", m{"use": "sig", "alg": "RS256"})))
	v, _ := open(t, cfg)
	for id, want := range map[string]string{"sig": "", "enc": "token_invalid", "512": "token_invalid", "none": "token_invalid"} {
		_, err := verify(v, rs(t, s.rsa, id), "demo")
		if got := code(t, err); got != want {
			t.Errorf("%s: %q", id, got)
		}
	}
	for id, want := range map[string]string{"s": "", "sig": "token_invalid", "short": "token_invalid"} {
		_, err := verify(v, sign(t, jwt.SigningMethodHS256, []byte(secret), good(nil), m{"kid": id}), "demo")
		if got := code(t, err); got != want {
			t.Errorf("secret %s: %q", id, got)
		}
	}
	for _, where := range []string{"ftp://example.org/jwks", "https://", "https://%zz"} {
		cfg.JWKS = where
		if _, err := token.Open(cfg, nil); err == nil {
			t.Errorf("%s is a JWKS", where)
		}
	}
}

// TestFetchOnce has many tokens at once, while the set is not there yet.
func TestFetchOnce(t *testing.T) {
	s, p, cfg := keysOnce(), provide(t), token.Default()
	cfg.JWKS = p.URL
	v, _ := open(t, cfg)
	p.serve(jwks(t, jwk(s.rsa, "one", nil)))
	text := rs(t, s.rsa, "one")
	var wg sync.WaitGroup
	var failed atomic.Int32
	for range 20 {
		wg.Go(func() {
			if _, err := verify(v, text, "demo"); err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() != 0 || p.asked.Load() != 1 {
		t.Errorf("%d of 20 failed, %d fetches", failed.Load(), p.asked.Load())
	}
}
