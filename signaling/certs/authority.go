package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	// skew is how far the clock of a device may be behind.
	skew = time.Hour

	certFile, keyFile = "ca.crt", "ca.key"
)

// privateNets are the addresses that an Authority may sign for: private, shared, link-local and
// loopback ones (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6).
var privateNets = parseNets(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
	"fc00::/7", "fe80::/10", "::1/128",
)

// privateNames are the domains that an Authority may sign for, beside the machine's own name.
var privateNames = []string{"localhost", "local", "lan", "home.arpa", "internal"}

// Authority signs certificates for one machine on its local network. It is limited to private
// names and addresses. It does not change, so it is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	host string
}

// OpenAuthority reads the authority in a folder, ca.crt and ca.key, or makes one if there is none.
// Host is the name of this machine. An error names the file and what to do.
func OpenAuthority(dir, host string, now time.Time) (*Authority, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) && !exists(dir, certFile) && !exists(dir, keyFile) {
		return newAuthority(dir, host, now)
	}
	const advice = "remove both to make a new authority, which all devices must then trust"
	if err != nil {
		return nil, fmt.Errorf("read the authority %s and %s in %s: %w; %s", certFile, keyFile, dir, err, advice)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("%s in %s is not an authority's certificate; %s", certFile, dir, advice)
	}
	if now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the authority %s in %s ended on %s; %s", certFile, dir, pair.Leaf.NotAfter.Format(time.DateOnly), advice)
	}
	return &Authority{cert: pair.Leaf, key: key, host: host}, nil
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

func newAuthority(dir, host string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:                serial(),
		Subject:                     pkix.Name{CommonName: "tilemix on " + host, Organization: []string{"tilemix"}},
		NotBefore:                   now.Add(-skew),
		NotAfter:                    now.Add(authorityLife),
		IsCA:                        true,
		MaxPathLenZero:              true,
		BasicConstraintsValid:       true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         append(slices.Clone(privateNames), host),
		PermittedIPRanges:           privateNets,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the authority's folder: %w", err)
	}
	if err := errors.Join(
		writePEM(filepath.Join(dir, keyFile), "PRIVATE KEY", private, 0o600),
		writePEM(filepath.Join(dir, certFile), "CERTIFICATE", der, 0o644),
	); err != nil {
		return nil, fmt.Errorf("keep the new authority: %w", err)
	}
	return &Authority{cert: cert, key: key, host: host}, nil
}

func writePEM(file, kind string, der []byte, mode fs.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126)) // crypto/rand does not fail
	return n
}

// Issue returns a certificate of 90 days for those of some addresses that are private, for
// localhost and for the machine's name, also with ".local" behind it (RFC 6762).
func (a *Authority) Issue(addresses []net.IP, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	names := []string{"localhost"}
	if a.host != "" && a.host != "localhost" {
		names = append(names, a.host)
	}
	if short, _, _ := strings.Cut(a.host, "."); short != "" && short != "localhost" {
		names = append(names, short+".local")
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "tilemix on " + a.host},
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     slices.Compact(names),
		IPAddresses:  slices.DeleteFunc(slices.Clone(addresses), func(ip net.IP) bool { return !private(ip) }),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// Fingerprint returns the SHA-256 of the authority's certificate, as devices show it.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// PEM returns the authority's certificate, which devices are to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func private(ip net.IP) bool {
	return slices.ContainsFunc(privateNets, func(n *net.IPNet) bool { return n.Contains(ip) })
}

func parseNets(all ...string) []*net.IPNet {
	nets := make([]*net.IPNet, len(all))
	for i, s := range all {
		_, nets[i], _ = net.ParseCIDR(s) // a test parses each
	}
	return nets
}
