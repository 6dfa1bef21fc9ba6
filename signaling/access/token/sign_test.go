package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/token"
)

// now is when the tests happen.
var now = time.Unix(1_800_000_000, 0)

const secret = "0123456789abcdef0123456789abcdef"

// signers has a key for each algorithm, and one more of each that nobody knows.
type signers struct {
	rsa, strange *rsa.PrivateKey
	ec           *ecdsa.PrivateKey
	ed           ed25519.PrivateKey
}

var keysOnce = sync.OnceValue(func() signers {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var s signers
	var err error
	s.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	s.strange, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	s.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, s.ed, err = ed25519.GenerateKey(rand.Reader)
	must(err)
	return s
})

type m = map[string]any

// sign makes a token. head is added to its header.
func sign(t testing.TB, method jwt.SigningMethod, key any, claims m, head m) string {
	t.Helper()
	tok := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	maps.Copy(tok.Header, head)
	text, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// good is a claim set for the room demo, with changes; a nil takes a claim away.
func good(changes m) m {
	c := m{"sub": "ada", "room": "demo", "exp": now.Unix() + 60}
	for name, v := range changes {
		if v == nil {
			delete(c, name)
			continue
		}
		c[name] = v
	}
	return c
}

// hs signs with the secret of the tests.
func hs(t testing.TB, claims m) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, []byte(secret), claims, nil)
}

// publicPEM is what a key file has of a key.
func publicPEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a Verifier, and returns its log too.
func open(t testing.TB, cfg token.Config) (*token.Verifier, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	v, err := token.Open(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return v, &log
}

// withFiles is a Verifier with a secret and a public key of each algorithm.
func withFiles(t testing.TB) *token.Verifier {
	t.Helper()
	s, dir, cfg := keysOnce(), t.TempDir(), token.Default()
	cfg.Files = []string{
		write(t, filepath.Join(dir, "secret"), []byte(secret+"\n")),
		write(t, filepath.Join(dir, "rsa.pem"), publicPEM(t, s.rsa)),
		write(t, filepath.Join(dir, "both.pem"), append(publicPEM(t, s.ec), publicPEM(t, s.ed)...)),
	}
	cfg.Hosts = []string{"mix.example", "galene.org"}
	v, _ := open(t, cfg)
	return v
}

// code is that of a refusal, "" of none.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	r, ok := errors.AsType[*credential.Refusal](err)
	if !ok {
		t.Fatalf("not a refusal: %v", err)
	}
	return r.Code
}

func verify(v *token.Verifier, text, room string) (credential.Claims, error) {
	return v.Verify(context.Background(), text, room, now)
}

// part encodes a part of a token by hand.
func part(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// swap replaces the payload of a token and keeps its signature.
func swap(t testing.TB, text string, claims m) string {
	t.Helper()
	p := strings.Split(text, ".")
	return p[0] + "." + part(t, claims) + "." + p[2]
}
