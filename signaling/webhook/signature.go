package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a request by the Standard Webhooks specification, version 1.0.0.
const (
	idHeader        = "webhook-id"
	timestampHeader = "webhook-timestamp"
	signatureHeader = "webhook-signature"
)

// LegacyHeader is a second signature, "t=SECONDS,v1=HEX": the HMAC-SHA256 of the time, a dot and the
// body, in hexadecimal, with Config.Secret as it is written as the key.
//
// Deprecated: receivers verify webhook-signature. The next release no longer sends this header.
const LegacyHeader = "Tilemix-Signature"

var errSecret = errors.New("the secret begins with whsec_, but base64 does not follow")

// key returns the bytes that requests are signed with: those that follow whsec_ in base64, or the
// secret as it is written.
func key(secret string) ([]byte, error) {
	text, encoded := strings.CutPrefix(secret, "whsec_")
	if !encoded {
		return []byte(secret), nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return nil, errSecret
	}
	return raw, nil
}

// sign sets a request's identity, time and signatures. A receiver sees the same identity again when
// the event is sent again, with another time.
func sign(h http.Header, secret, id string, at time.Time, body []byte) error {
	raw, err := key(secret)
	if err != nil {
		return err
	}
	t := strconv.FormatInt(at.Unix(), 10)
	h.Set(idHeader, id)
	h.Set(timestampHeader, t)
	h.Set(signatureHeader, "v1,"+base64.StdEncoding.EncodeToString(mac(raw, id, ".", t, ".", string(body))))
	h.Set(LegacyHeader, "t="+t+",v1="+hex.EncodeToString(mac([]byte(secret), t, ".", string(body))))
	return nil
}

// mac returns the HMAC-SHA256 (RFC 2104) of parts in their order.
func mac(key []byte, parts ...string) []byte {
	sum := hmac.New(sha256.New, key)
	for _, part := range parts {
		sum.Write([]byte(part))
	}
	return sum.Sum(nil)
}
