package webhook_test

import (
	"encoding/base64"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tilemix/codec/codectest"
	"tilemix/signaling/webhook"
)

// TestSignature verifies requests as receivers do, with the library of Standard Webhooks, for both
// kinds of secret. An event that is sent again has the same identity.
func TestSignature(t *testing.T) {
	raw := []byte("0123456789abcdef0123456789abcdef")
	for _, secret := range []string{string(raw), "whsec_" + base64.StdEncoding.EncodeToString(raw)} {
		r := receive(t)
		cfg := config(t, r.URL)
		cfg.Secret = secret
		r.respond(status(http.StatusServiceUnavailable))
		s := send(t, cfg)
		happen(s, 1)
		g := r.next(t)
		r.respond(nil)
		if again := r.next(t); again.header.Get("webhook-id") != g.header.Get("webhook-id") || g.header.Get("webhook-id") != g.event.ID {
			t.Errorf("the identities are %q and %q, of %s", g.header.Get("webhook-id"), again.header.Get("webhook-id"), g.event.ID)
		}
		verifier, err := standardwebhooks.NewWebhookRaw(raw)
		if strings.HasPrefix(secret, "whsec_") {
			verifier, err = standardwebhooks.NewWebhook(secret)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(g.body, g.header); err != nil {
			t.Errorf("%q: %v", g.header, err)
		}
		if err := verifier.Verify(append(g.body, ' '), g.header); err == nil {
			t.Error("another body has the same signature")
		}
		s.stop()
	}
}

// TestLegacySignature verifies the header of earlier versions, with another program.
func TestLegacySignature(t *testing.T) {
	openssl := codectest.Program(t, "openssl")
	r := receive(t)
	s := send(t, config(t, r.URL))
	happen(s, 1)
	g := r.next(t)
	stamp, mac, found := strings.Cut(strings.TrimPrefix(g.header.Get(webhook.LegacyHeader), "t="), ",v1=")
	if !found || stamp != g.header.Get("webhook-timestamp") {
		t.Fatalf("the headers are %q", g.header)
	}
	command := exec.CommandContext(t.Context(), openssl, "dgst", "-sha256", "-hmac", secret, "-r")
	command.Stdin = strings.NewReader(stamp + "." + string(g.body))
	out, err := command.Output()
	if err != nil || !strings.HasPrefix(string(out), mac+" ") {
		t.Errorf("%s is signed %s, openssl says %s %v", g.body, mac, out, err)
	}
}
