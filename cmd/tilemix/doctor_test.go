package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/turn"
)

// doctorSays runs the doctor as the environment of the test has it, behind a program if there is one.
func doctorSays(t *testing.T, before ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("tilemix")
	if err != nil {
		t.Fatal(err)
	}
	line := append(before, path, "doctor")
	out, err := exec.CommandContext(t.Context(), line[0], line[1:]...).CombinedOutput()
	return string(out), err
}

// TestDoctorPort: a port that another program has is an ill, with what to do.
func TestDoctorPort(t *testing.T) {
	taken := listen(t)
	defer taken.Close()
	t.Setenv("TILEMIX_DATA_DIR", t.TempDir())
	t.Setenv("TILEMIX_LISTEN", taken.Addr().String())
	out, err := doctorSays(t)
	if err == nil || !strings.Contains(out, "bad   The address "+taken.Addr().String()+" cannot be opened") || !strings.Contains(out, "--port PORT") {
		t.Errorf("%v: %s", err, out)
	}
	if !strings.Contains(out, "This machine carries about ") || !strings.Contains(out, "ok    The data folder can be written.") {
		t.Errorf("the doctor says: %s", out)
	}
}

// TestDoctorOutside: a TURN server that answers, one that does not, a port of media that is taken, and a
// certificate that is about to end are named.
func TestDoctorOutside(t *testing.T) {
	relay, err := turn.New(turn.Config{Peers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = relay.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	user, password := relay.Credentials(time.Now())
	at := "127.0.0.1:" + strconv.Itoa(relay.Port())
	user, password = url.QueryEscape(user), url.QueryEscape(password)
	port := mcutest.Port(t)
	taken, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cert, key := signed(t, time.Now().Add(100*time.Hour))

	file := filepath.Join(t.TempDir(), "tilemix.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\ndata-dir: %s\nrtc-port: %s\ntls: files\ntls-cert: %s\ntls-key: %s\nhost: other.example\nice-server:\n - turn:%s:%s@%s\n - turn:%s:wrong@%s\n",
		t.TempDir(), port, cert, key, user, password, at, user, at)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "tilemix", "doctor", "--config", file).CombinedOutput()
	if err == nil {
		t.Error("the doctor finds nothing")
	}
	for _, want := range []string{
		"ok    turn:" + at + " answers, and sees this machine at 127.0.0.1.",
		"bad   turn:" + at + " is of no use (--ice-server): it gives no relay",
		"bad   --rtc-port " + port + " (TCP) cannot be opened", "ok    --rtc-port " + port + " (UDP) can be opened.",
		"in 4 days", "bad   The certificate is for mix.example, and not for other.example (--host).", "hint  No authority that this system knows",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the doctor does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), password) {
		t.Errorf("the doctor says a password: %s", out)
	}
}

// signed writes a certificate of nobody's for mix.example, and its key.
func signed(t *testing.T, ends time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mix.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, c, c, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestDoctorNetwork runs the doctor in networks of their own: none, one behind NAT, one without
// IPv6 beside a bridge of Docker's.
func TestDoctorNetwork(t *testing.T) {
	t.Setenv("TILEMIX_DATA_DIR", t.TempDir())
	for name, test := range map[string]struct {
		setup string
		want  []string
		never string
	}{
		"none": {"true", []string{"no address but its loopback", "no IPv6"}, "--public-ip"},
		"NAT": {
			"ip link add eth9 type veth peer name far; ip link set far addrgenmode none up; ip addr add 192.168.7.5/24 dev eth9; ip addr add fd00::5/64 dev eth9 nodad; ip link set eth9 up",
			[]string{"private addresses only: 192.168.7.5, fd00::5", "--public-ip ADDRESS-OF-THE-ROUTER", "has IPv6: fd00::5"},
			"loopback",
		},
		"bridge": {
			"ip link add docker0 type veth peer name off; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up; ip link add eth9 type veth peer name far; ip link set far addrgenmode none up; ip addr add 10.9.0.4/24 dev eth9; ip link set eth9 addrgenmode none up",
			[]string{"private addresses only: 10.9.0.4."},
			"172.17.0.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-ec", test.setup).CombinedOutput(); err != nil {
				codectest.Lack(t, fmt.Sprintf("this user makes no networks: %v %s", err, out))
			}
			out, _ := doctorSays(t, "unshare", "--net", "sh", "-ec", test.setup+`; ip link set lo up; exec "$@"`, "sh")
			container := strings.Contains(out, "runs in a container") // which the doctor says then, with the same addresses
			for _, want := range test.want {
				if list, private := strings.CutPrefix(want, "private addresses only: "); container && private {
					want = "a container, whose address " + strings.TrimRight(list, ".") + " no client reaches"
				} else if container && strings.Contains(want, "ROUTER") {
					want = "--public-ip ADDRESS-OF-THE-HOST"
				}
				if !strings.Contains(out, want) {
					t.Errorf("the doctor does not say %q: %s", want, out)
				}
			}
			if strings.Contains(out, test.never) {
				t.Errorf("the doctor says %q: %s", test.never, out)
			}
		})
	}
}
