package browsertest

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/mcu/mcutest"
)

// TestTLS has two participants call over TLS. Their browser accepts no key but that of the server's
// own authority. All has one port.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, "", "--tls", "self", "--port", mcutest.Port(t), "--data-dir", dir)
	if !strings.HasPrefix(server.url, "https://") {
		t.Fatalf("the server says that it serves on %s", server.url)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tls", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	trust := option{"ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(key[:])}
	browser := startBrowser(t, calmDevices, allow, sound, trust)
	ada := openPage(t, browser, "Ada", server.url+"/r/room?name=Ada")
	bob := openPage(t, browser, "Bob", strings.Replace(server.url, "https", "http", 1)+"/r/room?name=Bob")
	for _, p := range []*page{ada, bob} {
		p.waitFor(t, "location.protocol === 'https:' && isSecureContext")
		p.waitForPhase(t, "connected")
		p.waitForTiles(t, "Ada", "Bob")
		p.waitForTile(t, "Ada", green)
		p.waitForSound(t)
	}
	viewer := openPage(t, browser, "viewer", server.url+"/watch/room")
	viewer.waitForPhase(t, "connected")
}
