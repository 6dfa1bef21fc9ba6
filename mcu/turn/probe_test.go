package turn_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/turn"
)

// TestProbe asks a server that gives a relay, by UDP and TCP, one with a wrong password, one that is silent, and
// one that is not there.
func TestProbe(t *testing.T) {
	s, silent := serve(t), socket(t)
	at := "127.0.0.1:" + strconv.Itoa(s.Port())
	user, password := s.Credentials(time.Now())
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, test := range []struct{ address, password, fault string }{
		{"stun:" + at, "", ""},
		{"turn:" + at, password, ""},
		{"turn:" + at + "?transport=tcp", password, ""},
		{"turn:" + at, "wrong", "gives no relay"},
		{"stun:" + silent.LocalAddr().String(), "", "does not answer"},
		{"turn:" + gone.Addr().String() + "?transport=tcp", password, "connection refused"},
		{"turns:" + at, password, "EOF"},
		{"http://" + at, "", "scheme"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if test.fault == "" {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), patience)
		}
		seen, err := turn.Probe(ctx, test.address, user, test.password)
		cancel()
		switch {
		case test.fault == "" && (err != nil || !seen.Addr().IsLoopback()):
			t.Errorf("%s: seen at %v, %v", test.address, seen, err)
		case test.fault != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.fault))):
			t.Errorf("%s: %v, not %q", test.address, err, test.fault)
		}
	}
}
