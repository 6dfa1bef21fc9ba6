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

// profile is the cipher of all media: what current browsers and pion agree on.
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

// quiet drops what pion logs.
func quiet() logging.LoggerFactory { return &logging.DefaultLoggerFactory{Writer: io.Discard} }

// handshake makes the DTLS connection and takes the media's keys from it.
func (b *Bot) handshake(ctx context.Context) error {
	shared := []dtls.Option{
		dtls.WithCertificates(b.crowd.cert),
		dtls.WithSRTPProtectionProfiles(dtls.SRTPProtectionProfile(profile)),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what counts
		dtls.WithLoggerFactory(quiet()),
		dtls.WithVerifyPeerCertificate(b.verify),
	}
	conn, err := b.dial(shared)
	if err != nil {
		return err
	}
	b.dtls = conn
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return errors.New("DTLS: no keys")
	}
	cfg := srtp.Config{Profile: profile}
	if err := cfg.ExtractSessionKeysFromDTLS(&state, !b.remote.active); err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	return b.takeKeys(cfg.Keys)
}

func (b *Bot) dial(shared []dtls.Option) (*dtls.Conn, error) {
	line := &handshakeLine{Buffer: b.inbox, b: b}
	if b.remote.active {
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

func (b *Bot) verify(certs [][]byte, _ [][]*x509.Certificate) error {
	if len(certs) == 0 || digest(certs[0]) != b.remote.fingerprint {
		return errFingerprint
	}
	return nil
}

func (b *Bot) takeKeys(k srtp.SessionKeys) error {
	var err error
	if b.encrypt, err = srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, profile); err != nil {
		return fmt.Errorf("SRTP: %w", err)
	}
	keys := &remoteKeys{}
	for _, c := range []**srtp.Context{&keys.media, &keys.reports} {
		if *c, err = srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, profile); err != nil {
			return fmt.Errorf("SRTP: %w", err)
		}
	}
	b.decrypt.Store(keys)
	return nil
}

// remoteKeys decrypt what the server sends. The receiving goroutine owns them.
type remoteKeys struct{ media, reports *srtp.Context }

// handshakeLine is a bot's line to the server as DTLS sees it.
type handshakeLine struct {
	*packetio.Buffer
	b *Bot
}

func (l *handshakeLine) ReadFrom(p []byte) (int, net.Addr, error) {
	n, _, err := l.Read(p, nil)
	return n, l.LocalAddr(), err
}

func (l *handshakeLine) WriteTo(p []byte, _ net.Addr) (int, error) {
	return len(p), l.b.crowd.wire.write(p, l.b.oob, l.b.server)
}

func (l *handshakeLine) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(l.b.server) }
func (l *handshakeLine) SetDeadline(t time.Time) error    { return l.SetReadDeadline(t) }
func (l *handshakeLine) SetWriteDeadline(time.Time) error { return nil }
