package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"maps"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"tilemix/mcu/policy"
)

// row is a token and what is to become of it in the room demo.
type row struct {
	name, text string
	code       string // "": let in
	role       policy.Role
	rights     string // "": those of the role
}

const (
	watches   = "watch view.own"
	publishes = "publish.audio publish.video publish.screen"
)

func check(t *testing.T, rows []row) {
	t.Helper()
	v := withFiles(t)
	for _, r := range rows {
		c, err := verify(v, r.text, "demo")
		if got := code(t, err); got != r.code {
			t.Errorf("%s: %q, want %q (%v)", r.name, got, r.code, err)
			continue
		}
		if err != nil {
			if c.Grant != (policy.Grant{}) {
				t.Errorf("%s: a refusal has a grant", r.name)
			}
			for p := range strings.SplitSeq(r.text, ".") {
				if len(p) > 8 && strings.Contains(err.Error(), p) {
					t.Errorf("%s: the text of the refusal has a part of the token", r.name)
				}
			}
			continue
		}
		want := strings.Fields(r.rights)
		if r.rights == "" {
			if c.Grant.Rights != 0 && c.Grant.Rights != r.role.Rights() {
				t.Errorf("%s: rights %v instead of those of %v", r.name, c.Grant.Rights.Names(), r.role)
			}
		} else if rights, err := policy.ParseRights(want); err != nil || c.Grant.Rights != rights {
			t.Errorf("%s: rights %v, want %v", r.name, c.Grant.Rights.Names(), want)
		}
		if c.Grant.Role != r.role || c.ID == "" || c.Grant.By != "token:"+c.ID || c.Grant.First || c.Expires.IsZero() {
			t.Errorf("%s: %+v", r.name, c)
		}
	}
}

// TestOwnTokens has tokens of our own form: algorithms, times, rooms, roles, and what is forged.
func TestOwnTokens(t *testing.T) {
	s := keysOnce()
	ok := good(nil)
	valid := hs(t, ok)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := func(exp, nbf int64) string { return hs(t, good(m{"exp": now.Unix() + exp, "nbf": now.Unix() + nbf})) }
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims(ok)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	pem := publicPEM(t, s.rsa)
	rows := []row{
		{name: "HS256", text: valid},
		{name: "RS256", text: sign(t, jwt.SigningMethodRS256, s.rsa, ok, nil)},
		{name: "ES256", text: sign(t, jwt.SigningMethodES256, s.ec, ok, nil)},
		{name: "EdDSA", text: sign(t, jwt.SigningMethodEdDSA, s.ed, ok, nil)},
		{name: "a key ID, and keys without", text: sign(t, jwt.SigningMethodHS256, []byte(secret), ok, m{"kid": "7"})},

		{name: "none", text: none, code: "token_invalid"},
		{name: "NONE", text: part(t, m{"alg": "NONE"}) + "." + part(t, ok) + ".", code: "token_invalid"},
		{name: "no algorithm", text: part(t, m{"typ": "JWT"}) + "." + part(t, ok) + "." + strings.Split(valid, ".")[2], code: "token_invalid"},
		{name: "HMAC with the public key", text: sign(t, jwt.SigningMethodHS256, pem, ok, nil), code: "token_invalid"},
		{name: "HMAC with the public key, trimmed", text: sign(t, jwt.SigningMethodHS256, pem[:len(pem)-1], ok, nil), code: "token_invalid"},
		{name: "HS512 with the right secret", text: sign(t, jwt.SigningMethodHS512, []byte(secret), ok, nil), code: "token_invalid"},
		{name: "RS512 with the right key", text: sign(t, jwt.SigningMethodRS512, s.rsa, ok, nil), code: "token_invalid"},
		{name: "PS256 with the right key", text: sign(t, jwt.SigningMethodPS256, s.rsa, ok, nil), code: "token_invalid"},
		{name: "ES384", text: sign(t, jwt.SigningMethodES384, p384, ok, nil), code: "token_invalid"},
		{name: "another secret", text: sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), ok, nil), code: "token_invalid"},
		{name: "the secret with its line end", text: sign(t, jwt.SigningMethodHS256, []byte(secret+"\n"), ok, nil), code: "token_invalid"},
		{name: "another RSA key", text: sign(t, jwt.SigningMethodRS256, s.strange, ok, nil), code: "token_invalid"},
		{name: "a key in the header", text: sign(t, jwt.SigningMethodRS256, s.strange, ok, m{"jwk": m{"kty": "RSA"}, "jku": "https://evil.example/"}), code: "token_invalid"},
		{name: "another payload", text: swap(t, valid, good(m{"role": "host"})), code: "token_invalid"},
		{name: "no signature", text: valid[:strings.LastIndexByte(valid, '.')+1], code: "token_invalid"},
		{name: "a cut signature", text: valid[:len(valid)-4], code: "token_invalid"},
		{name: "two parts", text: valid[:strings.LastIndexByte(valid, '.')], code: "token_invalid"},
		{name: "five parts", text: valid + ".a.b", code: "token_invalid"},
		{name: "no token", text: "hello", code: "token_invalid"},
		{name: "nothing", text: "", code: "token_invalid"},
		{name: "too long", text: valid + strings.Repeat("a", 8<<10), code: "token_invalid"},

		{name: "just expired", text: at(-29, -60)},
		{name: "expired", text: at(-31, -60), code: "token_expired"},
		{name: "not yet, by clocks that differ", text: at(60, 29)},
		{name: "not yet", text: at(60, 31), code: "token_early"},
		{name: "no exp", text: hs(t, good(m{"exp": nil})), code: "token_invalid"},
		{name: "exp in words", text: hs(t, good(m{"exp": "tomorrow"})), code: "token_invalid"},
		{name: "expired and forged", text: swap(t, valid, good(m{"exp": 1})), code: "token_invalid"},

		{name: "another room", text: hs(t, good(m{"room": "other"})), code: "token_room"},
		{name: "another case", text: hs(t, good(m{"room": "Demo"})), code: "token_room"},
		{name: "a pattern", text: hs(t, good(m{"room": "de*"}))},
		{name: "a pattern of others", text: hs(t, good(m{"room": "exam-*"})), code: "token_room"},
		{name: "all rooms", text: hs(t, good(m{"room": "*"}))},
		{name: "no room", text: hs(t, good(m{"room": nil})), code: "token_invalid"},
		{name: "an empty room", text: hs(t, good(m{"room": ""})), code: "token_invalid"},
		{name: "a broken pattern", text: hs(t, good(m{"room": "[a"})), code: "token_invalid"},
		{name: "a list of rooms", text: hs(t, good(m{"room": []string{"demo"}})), code: "token_invalid"},

		{name: "host", text: hs(t, good(m{"role": "host"})), role: policy.Host},
		{name: "viewer", text: hs(t, good(m{"role": "viewer"})), role: policy.Viewer},
		{name: "recorder", text: hs(t, good(m{"role": "recorder"})), role: policy.Recorder},
		{name: "king", text: hs(t, good(m{"role": "king"})), code: "token_invalid"},
		{name: "viewer that chats", text: hs(t, good(m{"role": "viewer", "can": []string{"watch", "chat"}})), role: policy.Viewer, rights: "watch chat"},
		{name: "can nothing", text: hs(t, good(m{"can": []string{}})), code: "token_invalid"},
		{name: "can fly", text: hs(t, good(m{"can": []string{"fly"}})), code: "token_invalid"},
		{name: "can host, which is no right", text: hs(t, good(m{"can": "host"})), code: "token_invalid"},
	}
	check(t, rows)
	if len(rows) < 40 {
		t.Errorf("only %d tokens", len(rows))
	}
}

// TestLiveKit has tokens with the grants of LiveKit's auth package, by their names in JSON.
func TestLiveKit(t *testing.T) {
	lk := func(v m) string {
		return hs(t, m{"iss": "APIkey", "sub": "ada", "nbf": now.Unix() - 1, "exp": now.Unix() + 60, "name": "Ada", "metadata": "{}", "kind": "standard", "video": v})
	}
	check(t, []row{
		{name: "join", text: lk(m{"roomJoin": true, "room": "demo"})},
		{name: "join any", text: lk(m{"roomJoin": true})},
		{name: "another room", text: lk(m{"roomJoin": true, "room": "other"}), code: "token_room"},
		{name: "a star is a name", text: lk(m{"roomJoin": true, "room": "*"}), code: "token_room"},
		{name: "nothing", text: lk(m{}), code: "token_invalid"},
		{name: "no join", text: lk(m{"room": "demo", "canPublish": true}), code: "token_invalid"},
		{name: "subscribes", text: lk(m{"roomJoin": true, "room": "demo", "canPublish": false}), role: policy.Viewer, rights: watches},
		{name: "subscribes and chats", text: lk(m{"roomJoin": true, "room": "demo", "canPublish": false, "canPublishData": true}), role: policy.Viewer, rights: watches + " chat hand"},
		{name: "microphone only", text: lk(m{"roomJoin": true, "room": "demo", "canPublishSources": []string{"microphone"}}), rights: watches + " publish.audio layout chat hand"},
		{name: "camera and screen, no data", text: lk(m{"roomJoin": true, "room": "demo", "canPublishData": false, "canPublishSources": []string{"camera", "screen_share"}}), rights: watches + " publish.video publish.screen layout"},
		{name: "publishes only", text: lk(m{"roomJoin": true, "room": "demo", "canSubscribe": false}), rights: publishes + " layout chat hand"},
		{name: "admin", text: lk(m{"roomJoin": true, "room": "demo", "roomAdmin": true}), role: policy.Host, rights: watches + " " + publishes + " layout chat hand moderate invite settings"},
		{name: "admin that does not join", text: lk(m{"room": "demo", "roomAdmin": true}), role: policy.Host, rights: "moderate invite settings"},
		{name: "records", text: lk(m{"roomRecord": true}), rights: "record broadcast"},
		{name: "makes and lists rooms", text: lk(m{"roomCreate": true, "roomList": true}), rights: "settings list"},
		{name: "ingress", text: lk(m{"ingressAdmin": true}), rights: "broadcast"},
		{name: "hidden", text: lk(m{"roomJoin": true, "room": "demo", "hidden": true, "canPublish": false}), role: policy.Recorder, rights: watches},
		{name: "recorder", text: lk(m{"roomJoin": true, "room": "demo", "recorder": true, "canPublish": false, "canPublishData": false}), role: policy.Recorder, rights: watches},
	})
}

// TestJitsi has tokens as Jitsi's documents describe them.
func TestJitsi(t *testing.T) {
	j := func(changes m) string {
		c := m{"aud": "jitsi", "iss": "my_client", "sub": "meet.jit.si", "room": "*", "exp": now.Unix() + 60}
		maps.Copy(c, changes)
		return hs(t, c)
	}
	user := func(u m) m {
		return m{"context": m{"user": u, "group": "a123-123-456-789"}}
	}
	host := strings.Join(policy.Host.Rights().Names(), " ")
	without := func(rights string, none ...string) string {
		for _, n := range none {
			rights = strings.TrimSpace(strings.ReplaceAll(" "+rights+" ", " "+n+" ", " "))
		}
		return rights
	}
	check(t, []row{
		{name: "the documents' example", text: j(user(m{"avatar": "https:/gravatar.com/avatar/abc123", "name": "John Doe", "email": "jdoe@example.com", "id": "abcd:a1b2c3"}))},
		{name: "no context", text: j(nil)},
		{name: "one room", text: j(m{"room": "demo"})},
		{name: "another room", text: j(m{"room": "other"}), code: "token_room"},
		{name: "an empty room", text: j(m{"room": ""}), code: "token_invalid"},
		{name: "a pattern is a name", text: j(m{"room": "de*"}), code: "token_room"},
		{name: "moderator", text: j(user(m{"moderator": true})), role: policy.Host},
		{name: "moderator in words", text: j(user(m{"moderator": "true"})), role: policy.Host},
		{name: "no moderator, in words", text: j(user(m{"moderator": "false"}))},
		{name: "moderator beside the context", text: j(m{"moderator": true}), role: policy.Host},
		{name: "owner", text: j(user(m{"affiliation": "owner", "id": 7})), role: policy.Host},
		{name: "features", text: j(m{"context": m{"user": m{"moderator": "true"}, "features": m{"recording": "true", "livestreaming": false}}}), role: policy.Host, rights: without(host, "broadcast")},
		{name: "no features", text: j(m{"context": m{"user": m{"moderator": true}, "features": m{}}}), role: policy.Host, rights: without(host, "broadcast", "record")},
		{name: "features of no moderator", text: j(m{"context": m{"features": m{"recording": true, "screen-sharing": "false", "send-groupchat": false}}}), rights: "watch publish.audio publish.video hand view.own layout"},
	})
	c, err := verify(withFiles(t), j(user(m{"id": 7, "name": "Ada"})), "demo")
	if c.Grant.Identity != "7" || c.Grant.Name != "Ada" {
		t.Errorf("%+v, %v", c, err)
	}
}
