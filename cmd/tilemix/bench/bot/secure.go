package bot

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"
)

// profile is the cipher of all media. Current browsers and pion choose it.
const profile = srtp.ProtectionProfileAeadAes128Gcm

var errFingerprint = errors.New("the server's certificate is not the one in its answer")

// newCertificate makes the certificate that all bots share.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// digest is a certificate's fingerprint as SDP writes it (RFC 8122 §5).
func digest(der []byte) string {
	sum := sha256.Sum256(der)
	parts := make([]string, len(sum))
	for i, v := range sum {
		parts[i] = fmt.Sprintf("%02X", v)
	}
	return strings.Join(parts, ":")
}

// quiet discards the log of pion.
func quiet() logging.LoggerFactory { return &logging.DefaultLoggerFactory{Writer: io.Discard} }

// secure is a bot's DTLS connection. Bot.join owns it; only inbox is safe for concurrent
// use.
type secure struct {
	path   *path
	remote *answered
	cert   tls.Certificate
	inbox  *packetio.Buffer // datagrams of DTLS that arrived
	conn   *dtls.Conn
}

// handshake makes the DTLS connection and returns the media's keys.
func (s *secure) handshake(ctx context.Context) (keys srtp.SessionKeys, err error) {
	shared := []dtls.Option{
		dtls.WithCertificates(s.cert),
		dtls.WithSRTPProtectionProfiles(dtls.SRTPProtectionProfile(profile)),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithInsecureSkipVerify(true), // verify compares the fingerprint
		dtls.WithLoggerFactory(quiet()),
		dtls.WithVerifyPeerCertificate(s.verify),
	}
	conn, err := s.dial(shared)
	if err != nil {
		return keys, err
	}
	s.conn = conn
	if err := conn.HandshakeContext(ctx); err != nil {
		return keys, fmt.Errorf("DTLS: %w", err)
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return keys, errors.New("DTLS: no keys")
	}
	cfg := srtp.Config{Profile: profile}
	if err := cfg.ExtractSessionKeysFromDTLS(&state, !s.remote.active); err != nil {
		return keys, fmt.Errorf("DTLS: %w", err)
	}
	return cfg.Keys, nil
}

// dial makes a connection without a handshake, as client or as server.
func (s *secure) dial(shared []dtls.Option) (*dtls.Conn, error) {
	line := &handshakeLine{Buffer: s.inbox, path: s.path}
	if s.remote.active {
		options := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
		for _, o := range shared {
			options = append(options, o)
		}
		return dtls.ServerWithOptions(line, line.LocalAddr(), options...)
	}
	options := []dtls.ClientOption{}
	for _, o := range shared {
		options = append(options, o)
	}
	return dtls.ClientWithOptions(line, line.LocalAddr(), options...)
}

// closeConn ends the connection, if it was made.
func (s *secure) closeConn() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// verify compares the server's certificate with the fingerprint in its answer.
func (s *secure) verify(certs [][]byte, _ [][]*x509.Certificate) error {
	if len(certs) == 0 || digest(certs[0]) != s.remote.fingerprint {
		return errFingerprint
	}
	return nil
}

// handshakeLine is a bot's path to the server as the net.PacketConn of DTLS.
type handshakeLine struct {
	*packetio.Buffer
	path *path
}

func (l *handshakeLine) ReadFrom(p []byte) (int, net.Addr, error) {
	n, _, err := l.Read(p, nil)
	return n, l.LocalAddr(), err
}

func (l *handshakeLine) WriteTo(p []byte, _ net.Addr) (int, error) {
	return len(p), l.path.write(p)
}

func (l *handshakeLine) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(l.path.server) }
func (l *handshakeLine) SetDeadline(t time.Time) error    { return l.SetReadDeadline(t) }
func (l *handshakeLine) SetWriteDeadline(time.Time) error { return nil }
