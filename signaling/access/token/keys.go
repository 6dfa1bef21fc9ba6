package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// key verifies tokens of one algorithm.
type key struct {
	alg string
	id  string // "": unknown
	key any    // as golang-jwt takes it
}

// minSecret is the least length of a secret in bytes (RFC 7518 §3.2), minRSA that of an RSA key in
// bits (§3.3).
const minSecret, minRSA = 32, 2048

// keyOf returns the key of a public key or a secret. Its algorithm follows from what it is.
func keyOf(k any) (key, error) {
	switch k := k.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return key{}, fmt.Errorf("an RSA key of %d bits is too short: take %d at least", k.N.BitLen(), minRSA)
		}
		return key{alg: "RS256", key: k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return key{}, errors.New("an EC key must be of the curve P-256")
		}
		return key{alg: "ES256", key: k}, nil
	case ed25519.PublicKey:
		return key{alg: "EdDSA", key: k}, nil
	case []byte:
		if len(k) < minSecret {
			return key{}, fmt.Errorf("a secret must have %d bytes at least: make one with openssl rand -base64 32", minSecret)
		}
		return key{alg: "HS256", key: k}, nil
	}
	return key{}, errors.New("the key is none of RSA, P-256 and Ed25519")
}

// parseKeys reads a key file: public keys in PEM, or a secret. Errors name the file and the line, and
// show nothing of the content.
func parseKeys(path string, data []byte) ([]key, error) {
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return parsePEM(path, data)
	}
	text := bytes.TrimRight(data, "\r\n")
	if err := noPublicKey(text); err != nil {
		return nil, fmt.Errorf("%s:1: %w", path, err)
	}
	k, err := keyOf(bytes.Clone(text))
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", path, err)
	}
	return []key{k}, nil
}

// noPublicKey refuses to take something public for a secret, by which everybody could sign.
func noPublicKey(text []byte) error {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		der = text
	}
	_, pkix := x509.ParsePKIXPublicKey(der)
	_, pkcs1 := x509.ParsePKCS1PublicKey(der)
	_, cert := x509.ParseCertificate(der)
	switch {
	case pkix == nil || pkcs1 == nil || cert == nil:
		return errors.New("is a public key in DER: give it in PEM")
	case bytes.HasPrefix(text, []byte("ssh-")) || bytes.HasPrefix(text, []byte("ecdsa-sha2-")):
		return errors.New("is a public key of SSH: give it in PEM (ssh-keygen -e -m pkcs8 -f FILE)")
	case json.Valid(text) && bytes.HasPrefix(text, []byte("{")):
		return errors.New("is JSON: a JWKS has a setting of its own")
	}
	return nil
}

func parsePEM(path string, data []byte) (keys []key, err error) {
	for rest := data; ; {
		at := 1 + bytes.Count(data[:len(data)-len(rest)], []byte("\n"))
		if i := bytes.Index(rest, []byte("-----BEGIN")); i >= 0 {
			at += bytes.Count(rest[:i], []byte("\n"))
		}
		var block *pem.Block
		block, next := pem.Decode(rest)
		if block == nil {
			if bytes.Contains(rest, []byte("-----BEGIN")) || len(keys) == 0 {
				return nil, fmt.Errorf("%s:%d: is not PEM", path, at)
			}
			return keys, nil
		}
		k, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, at, err)
		}
		keys, rest = append(keys, k), next
	}
}

func parseBlock(block *pem.Block) (key, error) {
	var public any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = cert.PublicKey
		}
	default:
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return key{}, errors.New("is a private key: this server needs the public one only (openssl pkey -in FILE -pubout)")
		}
		return key{}, errors.New("is neither a public key nor a certificate")
	}
	if err != nil {
		return key{}, fmt.Errorf("%s cannot be read", strings.ToLower(block.Type))
	}
	return keyOf(public)
}
