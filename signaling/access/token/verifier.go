package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/signaling/access/credential"
)

// ErrConfig is returned for settings that cannot be used. Its text says which.
var ErrConfig = errors.New("token keys")

// Config says whose tokens are good. Start from Default.
type Config struct {
	Files []string // each has public keys in PEM, or a secret of 32 bytes or more
	JWKS  string   // a file or a URL; "": none
	// Hosts are this server's names. Galene's tokens name the URL of their room; its host must be
	// one of them. None: any host is good.
	Hosts   []string
	Timeout time.Duration // of a fetch of the JWKS
}

// Default has no keys.
func Default() Config { return Config{Timeout: 5 * time.Second} }

// leeway is how far the clocks of those who sign may be off.
const leeway = 30 * time.Second

// longest is how long a token may be, in bytes.
const longest = 8 << 10

// Verifier verifies tokens. It is safe for concurrent use and starts nothing.
type Verifier struct {
	hosts atomic.Pointer[hosts]
	files files
	set   *set // nil: none
}

// Open reads the key files. The JWKS is fetched with the first token. The error wraps ErrConfig and
// names the file and the line.
func Open(cfg Config, log *slog.Logger) (*Verifier, error) {
	v := &Verifier{files: files{paths: cfg.Files, log: log}}
	v.Rename(cfg.Hosts)
	if err := v.files.open(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if cfg.JWKS == "" {
		return v, nil
	}
	var err error
	if v.set, err = newSet(cfg.JWKS, cfg.Timeout, log); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return v, nil
}

// Rename sets other names of this server, see Config.Hosts.
func (v *Verifier) Rename(names []string) { v.hosts.Store((*hosts)(&names)) }

// Keys tells whether any keys are set. Without them no token is good.
func (v *Verifier) Keys() bool { return v.set != nil || len(v.files.paths) > 0 }

// Looks tells whether a credential has the form of a token.
func Looks(text string) bool { return strings.Count(text, ".") == 2 && strings.HasPrefix(text, "ey") }

// Verify returns what a token grants for a room, or in general if room is "". The context bounds a
// fetch of the JWKS. An error is a *credential.Refusal: token_invalid, token_expired, token_early,
// token_room or token_keys; or that of the context.
func (v *Verifier) Verify(ctx context.Context, text, room string, now time.Time) (credential.Claims, error) {
	if len(text) > longest {
		return credential.Claims{}, invalid("it is longer than %d bytes", longest)
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256", "RS256", "ES256", "EdDSA"}),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithLeeway(leeway),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
	)
	var c claims
	_, err := parser.ParseWithClaims(text, &c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return v.find(ctx, t.Method.Alg(), id, now)
	})
	if err != nil {
		return credential.Claims{}, refusal(ctx, err)
	}
	out, err := c.grant(*v.hosts.Load(), room)
	if err != nil {
		return credential.Claims{}, err
	}
	out.ID, out.Expires = c.id(text), c.ExpiresAt.Time
	out.Grant.By = "token:" + out.ID
	if room != "" && !out.Admits(room) {
		return credential.Claims{}, credential.Refuse("token_room", "the token is not for room %q", room)
	}
	return out, nil
}

// find returns the keys that may have signed a token.
func (v *Verifier) find(ctx context.Context, alg, id string, now time.Time) (jwt.VerificationKeySet, error) {
	found := v.files.find(alg, now)
	if v.set != nil {
		more, err := v.set.find(ctx, alg, id, now)
		if err != nil && len(found) == 0 {
			return jwt.VerificationKeySet{}, err
		}
		found = append(found, more...)
	}
	var keys jwt.VerificationKeySet
	for _, k := range found {
		keys.Keys = append(keys.Keys, k.key)
	}
	if len(found) == 0 {
		return keys, errors.New("no key is of the token's algorithm and ID")
	}
	return keys, nil
}

func invalid(format string, args ...any) *credential.Refusal {
	return credential.Refuse("token_invalid", "the token is not valid: "+format, args...)
}

// refusal says why golang-jwt takes no token, without its texts, which have parts of tokens.
func refusal(ctx context.Context, err error) error {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r
	}
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	case errors.Is(err, jwt.ErrTokenExpired):
		return credential.Refuse("token_expired", "the token has expired: get a new one")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return credential.Refuse("token_early", "the token is not valid yet: try again later, or correct the clock of the machine that signs")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return invalid(`it has no "exp"`)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return invalid("it cannot be read")
	}
	return invalid("no key of this server has signed it")
}
