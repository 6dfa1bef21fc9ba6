package token

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Wanted is what a new token says. Room and Expires must be there; the rest may be "".
type Wanted struct {
	Identity, Name string
	Room           string // a name or a pattern
	Role           string // as policy.ParseRole takes it; "": participant
	Expires        time.Time
}

// Make returns a token of our own form, signed by the first secret of the key files (HS256, RFC 7518
// §3.2). It fails when a file cannot be read, when none has a secret, and when the server would refuse
// the token. It keeps nothing and is safe for concurrent use.
func Make(files []string, w Wanted) (string, error) {
	key, err := firstSecret(files)
	if err != nil {
		return "", err
	}
	c := claims{Name: w.Name, Room: &w.Room, Role: w.Role}
	if _, err := c.own(); err != nil {
		return "", err
	}
	say := jwt.MapClaims{"room": w.Room, "exp": w.Expires.Unix()}
	for name, value := range map[string]string{"sub": w.Identity, "name": w.Name, "role": w.Role} {
		if value != "" {
			say[name] = value
		}
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, say).SignedString(key)
}

// firstSecret returns the first secret of key files. The others have public keys, by which nobody signs.
func firstSecret(files []string) ([]byte, error) {
	if len(files) == 0 {
		return nil, errors.New("there is no key to sign with: name a file with a secret of at least 32 bytes")
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		keys, err := parseKeys(path, data)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if secret, is := k.key.([]byte); is {
				return secret, nil
			}
		}
	}
	return nil, fmt.Errorf("%v: only public keys, which sign nothing: name a file with a secret of at least 32 bytes", files)
}
