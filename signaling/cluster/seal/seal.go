// Package seal makes all that keeps a cluster to itself out of one key, which its nodes share.
//
//	file of --cluster-key ──▶ Key ──HKDF──▶ authority ─▶ TLS, both ways: a certificate for each process
//	                                  ├──▶ password of routes
//	                                  └──▶ Seal, Open: AES-GCM over each message, bound to its subject
//
// The authority is computed and never stored: each node that has the key computes the same one, and issues
// its own certificate, whose private key never leaves the process. The package keeps no state.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"
)

// Shortest is how many bytes a key file has at least.
const Shortest = 32

var (
	// ErrKey is returned for a key that is too short.
	ErrKey = fmt.Errorf("the key of a cluster has at least %d bytes: make one by openssl rand -base64 32", Shortest)
	// ErrForeign is returned for a message that was not sealed with this key, or for another subject.
	ErrForeign = errors.New("message of a node with another key")
)

// Name is the name that each node's certificate has.
const Name = "node.tilemix.internal"

// Key is the key of a cluster. It is safe for concurrent use.
type Key struct {
	secret   []byte
	box      cipher.AEAD
	password string
}

// Load reads a key file. Errors are ErrKey and those of the file.
func Load(path string) (*Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := New(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// New returns the key of a secret, whose bytes all count but space at its ends. The error is ErrKey.
func New(secret []byte) (*Key, error) {
	for len(secret) > 0 && secret[len(secret)-1] <= ' ' {
		secret = secret[:len(secret)-1]
	}
	for len(secret) > 0 && secret[0] <= ' ' {
		secret = secret[1:]
	}
	if len(secret) < Shortest {
		return nil, fmt.Errorf("%w; this one has %d", ErrKey, len(secret))
	}
	k := &Key{secret: append([]byte(nil), secret...)}
	sealing, err := k.derive("messages", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	if k.box, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	password, err := k.derive("routes", 32)
	k.password = hex.EncodeToString(password)
	return k, err
}

// derive returns bytes for a purpose (RFC 5869).
func (k *Key) derive(purpose string, n int) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nil, "tilemix cluster "+purpose, n)
}

// Password is that of routes between nodes.
func (k *Key) Password() string { return k.password }

// Seal returns a message that nobody without the key reads or makes, for one subject.
func (k *Key) Seal(subject string, data []byte) []byte {
	nonce := make([]byte, k.box.NonceSize(), k.box.NonceSize()+len(data)+k.box.Overhead())
	_, _ = rand.Read(nonce) // it never fails
	return k.box.Seal(nonce, nonce, data, []byte(subject))
}

// Open returns what was sealed for a subject, or ErrForeign.
func (k *Key) Open(subject string, message []byte) ([]byte, error) {
	n := k.box.NonceSize()
	if len(message) < n {
		return nil, ErrForeign
	}
	data, err := k.box.Open(nil, message[:n], message[n:], []byte(subject))
	if err != nil {
		return nil, ErrForeign
	}
	return data, nil
}

// TLS returns a configuration for both ends of a connection between nodes. It takes and shows
// certificates of this key's authority only. Clocks may differ by a day.
func (k *Key) TLS(now time.Time) (*tls.Config, error) {
	seed, err := k.derive("authority", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	authority := ed25519.NewKeyFromSeed(seed)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tilemix cluster"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(signed); err != nil {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: Name}, DNSNames: []string{Name},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, root, public, authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: private}},
		RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, ServerName: Name,
	}, nil
}
