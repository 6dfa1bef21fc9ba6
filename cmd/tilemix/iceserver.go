package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
)

// iceServer is a STUN or TURN server.
type iceServer struct {
	URL                string // as RFC 7064 and RFC 7065 write it
	Username, Password string // TURN only: the same for all clients
	Secret             string // TURN only: of which credentials are made; "": there is none
}

// warnOfPasswords logs which servers have a password that every visitor gets.
func warnOfPasswords(servers []iceServer, log *slog.Logger) {
	for _, server := range servers {
		if server.Password != "" {
			log.Warn("every visitor gets the password of a TURN server: name a shared secret instead, as turn:secret=SECRET@HOST", "server", server.URL)
		}
	}
}

// sharedSecret begins the user part that names a secret.
const sharedSecret = "secret="

// UnmarshalText reads stun:HOST[:PORT], turn:secret=SECRET@HOST[:PORT] and
// turn:USER:PASSWORD@HOST[:PORT], and the same with stuns and turns. ?transport=… may follow where
// the scheme has it. Secret, user and password may be percent-encoded.
func (s *iceServer) UnmarshalText(text []byte) error {
	scheme, rest, _ := strings.Cut(string(text), ":")
	turn := scheme == "turn" || scheme == "turns"
	if !turn && scheme != "stun" && scheme != "stuns" {
		return fmt.Errorf("must start with stun:, stuns:, turn: or turns:, not %q", text)
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Hostname() == "" || u.Path != "" || u.Fragment != "" {
		return errors.New("must be like stun:HOST:PORT, turn:secret=SECRET@HOST:PORT or turn:USER:PASSWORD@HOST:PORT; write / ? # @ in these as %2F %3F %23 %40")
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil && u.Port() != "" {
		return fmt.Errorf("port %s must be a number from 0 to 65535", u.Port())
	}
	password, both := u.User.Password()
	secret, shared := strings.CutPrefix(u.User.Username(), sharedSecret)
	shared = shared && !both && secret != ""
	switch {
	case turn && shared:
		*s = iceServer{Secret: secret}
	case turn && (u.User.Username() == "" || password == ""), !turn && u.User != nil:
		return errors.New("turn: needs secret=SECRET@ or USER:PASSWORD@, and stun: must have neither")
	default:
		*s = iceServer{Username: u.User.Username(), Password: password}
	}
	u.User = nil
	s.URL = strings.Replace(u.String(), "://", ":", 1)
	return nil
}
