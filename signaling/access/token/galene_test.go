package token_test

import (
	"encoding/base64"
	"path/filepath"
	"testing"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/token"
)

func TestGalene(t *testing.T) {
	g := func(aud any, permissions any) string {
		return hs(t, m{"sub": "john", "aud": aud, "permissions": permissions, "iat": now.Unix() - 1, "exp": now.Unix() + 60, "iss": "http://localhost:1234/"})
	}
	const room = "https://mix.example:8443/group/demo/"
	check(t, []row{
		{name: "present", text: g(room, []string{"present"}), rights: watches + " " + publishes + " layout"},
		{name: "present, message", text: g(room, []string{"present", "message"})},
		{name: "op", text: g(room, []string{"op", "present", "message", "record", "token", "caption"}), role: policy.Host, rights: watches + " " + publishes + " layout chat hand moderate settings record invite"},
		{name: "observe", text: g(room, []string{}), role: policy.Viewer},
		{name: "message", text: g(room, []string{"message"}), role: policy.Viewer, rights: watches + " chat hand"},
		{name: "permissions that are a word", text: g(room, "op"), code: "token_invalid"},
		{name: "the room's URL here", text: g("https://mix.example/r/demo", []string{}), role: policy.Viewer},
		{name: "below a prefix", text: g("https://mix.example/mix/r/demo", []string{}), role: policy.Viewer},
		{name: "one of two", text: g([]string{"https://mix.example/r/other", room}, []string{}), role: policy.Viewer},
		{name: "another room", text: g("https://mix.example/group/other/", []string{"op"}), code: "token_room"},
		{name: "another server", text: g("https://evil.example/group/demo/", []string{"op"}), code: "token_invalid"},
		{name: "no room", text: g("https://mix.example/", []string{"op"}), code: "token_invalid"},
		{name: "a pattern is a name", text: g("https://mix.example/group/*/", []string{"op"}), code: "token_room"},
		{name: "no URL", text: g("demo", []string{"op"}), code: "token_invalid"},
		{name: "no audience", text: g(nil, []string{"op"}), code: "token_invalid"},
	})
}

// TestGaleneExamples has the tokens of Galene's own tests, as they stand there.
func TestGaleneExamples(t *testing.T) {
	key, err := base64.RawURLEncoding.DecodeString("H7pCkktUl5KyPCZ7CKw09y1j460tfIv4dRcS1XstUKY")
	if err != nil {
		t.Fatal(err)
	}
	cfg := token.Default()
	cfg.Files = []string{write(t, filepath.Join(t.TempDir(), "galene"), key)}
	v, _ := open(t, cfg)
	for _, e := range []struct{ name, text, code, identity string }{
		{"good", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIiwiYXVkIjoiaHR0cHM6Ly9nYWxlbmUub3JnOjg0NDMvZ3JvdXAvYXV0aC8iLCJwZXJtaXNzaW9ucyI6WyJwcmVzZW50Il0sImlhdCI6MTY0NTMxMDI5NCwiZXhwIjoyOTA2NzUwMjk0LCJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjEyMzQvIn0.6xXpgBkBMn4PSBpnwYHb-gRn_Q97Yq9DoKkAf2_6iwc", "", "john"},
		{"no sub", "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dhbGVuZS5vcmc6ODQ0My9ncm91cC9hdXRoLyIsInBlcm1pc3Npb25zIjpbInByZXNlbnQiXSwiaWF0IjoxNjQ1MzEwMjk0LCJleHAiOjI5MDY3NTAyOTQsImlzcyI6Imh0dHA6Ly9sb2NhbGhvc3Q6MTIzNC8ifQo.7LvoZEKPNVvsRe8SjLxmKa1TgjTA4ZQo2LMPJSXl-ro", "", ""},
		{"none", "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huIiwiYXVkIjoiaHR0cHM6Ly9nYWxlbmUub3JnOjg0NDMvZ3JvdXAvYXV0aC8iLCJwZXJtaXNzaW9ucyI6WyJwcmVzZW50Il0sImlhdCI6MTY0NTMxMDQ2OSwiZXhwIjoyOTA2NzUwNDY5LCJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjEyMzQvIn0.", "token_invalid", ""},
		{"expired", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIiwiYXVkIjoiaHR0cHM6Ly9nYWxlbmUub3JnOjg0NDMvZ3JvdXAvYXV0aC8iLCJwZXJtaXNzaW9ucyI6WyJwcmVzZW50Il0sImlhdCI6MTY0NTMxMDMyMiwiZXhwIjoxNjQ1MzEwMzUyLCJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjEyMzQvIn0.jyqRhoV6iK54SvlP33Fy630aDo-sLNmKKi1kcfqs378", "token_expired", ""},
	} {
		c, err := verify(v, e.text, "auth")
		if got := code(t, err); got != e.code || c.Grant.Identity != e.identity {
			t.Errorf("%s: %q, %+v", e.name, got, c)
		}
	}
}
