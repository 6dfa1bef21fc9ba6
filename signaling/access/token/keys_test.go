package token_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/signaling/access/token"
)

// TestKeyFiles has files that are no keys: each is named with its line and shows nothing of itself.
func TestKeyFiles(t *testing.T) {
	s := keysOnce()
	short, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is to be refused
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(s.ec)
	if err != nil {
		t.Fatal(err)
	}
	public := publicPEM(t, s.rsa)
	block, _ := pem.Decode(public)
	for name, c := range map[string]struct {
		data  string
		words string
	}{
		"empty":              {"", ":1: a secret must have 32 bytes"},
		"short secret":       {"hunter2", ":1: a secret must have 32 bytes"},
		"short but for ends": {strings.Repeat("x", 31) + "\n\n", ":1: a secret must have 32 bytes"},
		"private key":        {string(public) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), ":10: is a private key"},
		"short RSA":          {"\n\n" + string(publicPEM(t, short)), ":3: an RSA key of 1024 bits"},
		"broken PEM":         {"-----BEGIN PUBLIC KEY-----\nhello", ":1: is not PEM"},
		"broken second":      {string(public) + "\n-----BEGIN PUBLIC KEY-----\nhello", ":11: is not PEM"},
		"broken key":         {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("hello")})), ":1: public key cannot be read"},
		"something else":     {string(pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: []byte("hello")})), ":1: is neither a public key"},
		"public key in DER":  {string(block.Bytes), ":1: is a public key in DER"},
		"public key, bare":   {base64.StdEncoding.EncodeToString(block.Bytes), ":1: is a public key in DER"},
		"SSH":                {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKl ada@example", ":1: is a public key of SSH"},
		"JWKS":               {`{"keys":[{"kty":"oct","k":"aaaaaaaaaaaaaaa"}]}`, ":1: is JSON"},
	} {
		cfg := token.Default()
		cfg.Files = []string{write(t, filepath.Join(t.TempDir(), "key"), []byte(c.data))}
		_, err := token.Open(cfg, slog.New(slog.DiscardHandler))
		if !errors.Is(err, token.ErrConfig) || !strings.Contains(err.Error(), cfg.Files[0]+c.words) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	cfg := token.Default()
	cfg.Files = []string{filepath.Join(t.TempDir(), "none")}
	if _, err := token.Open(cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, token.ErrConfig) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestCertificate takes the public key of a certificate.
func TestCertificate(t *testing.T) {
	s := keysOnce()
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: s.rsa.N}, &x509.Certificate{SerialNumber: s.rsa.N}, s.ed.Public(), s.ed)
	if err != nil {
		t.Fatal(err)
	}
	cfg := token.Default()
	cfg.Files = []string{write(t, filepath.Join(t.TempDir(), "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))}
	v, _ := open(t, cfg)
	if _, err := verify(v, sign(t, jwt.SigningMethodEdDSA, s.ed, good(nil), nil), "demo"); err != nil {
		t.Error(err)
	}
}

// TestFilesFollow replaces a key file by a broken one and by another secret.
func TestFilesFollow(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "key"), []byte(secret))
	cfg := token.Default()
	cfg.Files = []string{path}
	v, log := open(t, cfg)
	text := hs(t, good(m{"exp": now.Unix() + 3600}))
	other := strings.Repeat("another ", 5)
	for i, step := range []struct{ file, code string }{
		{secret, ""}, {"short", ""}, {other, "token_invalid"}, {secret, ""},
	} {
		write(t, path, []byte(step.file))
		_, err := v.Verify(t.Context(), text, "demo", now.Add(time.Duration(i)*3*time.Second))
		if got := code(t, err); got != step.code {
			t.Errorf("step %d: %q, %v", i, got, err)
		}
	}
	if !strings.Contains(log.String(), path+":1: a secret must have 32 bytes") || strings.Contains(log.String(), other) {
		t.Errorf("the log: %s", log)
	}
}

// TestNoKeys has a Verifier without keys: nothing is good, least of all what anybody can sign.
func TestNoKeys(t *testing.T) {
	v, _ := open(t, token.Default())
	if _, err := verify(v, sign(t, jwt.SigningMethodHS256, []byte{}, good(nil), nil), "demo"); code(t, err) != "token_invalid" || v.Keys() {
		t.Error(err)
	}
}

// TestIDs holds what a token is known by: its jti, or what was signed.
func TestIDs(t *testing.T) {
	s, v := keysOnce(), withFiles(t)
	id := func(text string) string {
		c, err := verify(v, text, "demo")
		if err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	if got := id(hs(t, good(m{"jti": "t-1"}))); got != "t-1" {
		t.Errorf("%q", got)
	}
	if got := id(hs(t, good(m{"jti": strings.Repeat("j", 200)}))); len(got) != 32 {
		t.Errorf("%q", got)
	}
	// ECDSA signs the same text differently each time: a ban must hold all the same.
	parts := strings.SplitN(sign(t, jwt.SigningMethodES256, s.ec, good(nil), nil), ".", 3)
	signed := parts[0] + "." + parts[1]
	again, err := jwt.SigningMethodES256.Sign(signed, s.ec)
	if err != nil {
		t.Fatal(err)
	}
	second := signed + "." + base64.RawURLEncoding.EncodeToString(again)
	if first := signed + "." + parts[2]; first == second || id(first) != id(second) {
		t.Error("a token has another ID by another signature")
	}
	if id(hs(t, good(nil))) == id(hs(t, good(m{"sub": "bob"}))) {
		t.Error("two tokens have the same ID")
	}
}

// TestClaims reads all that a token of our own says.
func TestClaims(t *testing.T) {
	c, err := verify(withFiles(t), hs(t, good(m{"name": "Ada", "view": "stage", "room": "de*", "jti": "1"})), "")
	if err != nil || c.Grant.Identity != "ada" || c.Grant.Name != "Ada" || c.Grant.View != "stage" || c.Rooms != "de*" || c.Expires.Unix() != now.Unix()+60 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLooks(t *testing.T) {
	if !token.Looks(hs(t, good(nil))) || token.Looks("tmk_abc") || token.Looks("a.b.c") || token.Looks("") {
		t.Error("a token is not known by its look")
	}
}

// FuzzVerify takes any text as a token, and as the claims of one that is signed well.
func FuzzVerify(f *testing.F) {
	for _, c := range []string{
		`{"sub":"ada","room":"demo","exp":1800000060,"role":"host","can":["watch"],"view":"v","jti":"1"}`,
		`{"exp":1800000060,"video":{"roomJoin":true,"room":"demo","canPublishSources":["camera"],"canPublishData":null}}`,
		`{"exp":1.8e9,"aud":["jitsi"],"room":"*","moderator":"true","context":{"user":{"id":7,"moderator":"x"},"features":{"recording":1}}}`,
		`{"exp":1800000060,"aud":"https://mix.example/group/demo/","permissions":["op",""]}`,
		`{"exp":1e300,"nbf":-1e300,"room":"[","can":[]}`, `null`, `[]`, `{"exp":"1"}`, `{"aud":[1]}`,
	} {
		f.Add([]byte(c), "eyJhbGciOiJIUzI1NiJ9."+base64.RawURLEncoding.EncodeToString([]byte(c))+".AAAA")
	}
	v := withFiles(f)
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	f.Fuzz(func(t *testing.T, claims []byte, raw string) {
		if _, err := verify(v, raw, "demo"); err == nil {
			t.Errorf("nobody signed %q", raw)
		}
		signed := head + "." + base64.RawURLEncoding.EncodeToString(claims)
		sig, err := jwt.SigningMethodHS256.Sign(signed, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		c, err := verify(v, signed+"."+base64.RawURLEncoding.EncodeToString(sig), "demo")
		if err != nil {
			if code(t, err) == "" || c.Grant.Rights != 0 {
				t.Errorf("%v, %+v", err, c)
			}
			return
		}
		if !c.Admits("demo") || c.ID == "" || c.Expires.Before(now.Add(-31*time.Second)) || bytes.Contains([]byte(c.Grant.By), sig) {
			t.Errorf("%q: %+v", claims, c)
		}
	})
}
