package main

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tilemix/mcu/mcutest"
)

// TestMember: what the settings of a cluster lack is said, and names the setting. Without them there is none.
func TestMember(t *testing.T) {
	key, short := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "short")
	for path, text := range map[string]string{key: strings.Repeat("k", 32), short: "short"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port, _ := strconv.Atoi(mcutest.Port(t)) // which stays free, as the kernel's choice would not
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name string
		s    clusterSettings
		want string
	}{
		{"nothing", clusterSettings{}, ""},
		{"key alone", clusterSettings{ClusterKey: key}, "needs --cluster-listen"},
		{"no key", clusterSettings{ClusterListen: "127.0.0.1:6222"}, "needs --cluster-key"},
		{"short key", clusterSettings{ClusterListen: "127.0.0.1:6222", ClusterKey: short}, "at least 32 bytes"},
		{"no port", clusterSettings{ClusterListen: "127.0.0.1", ClusterKey: key}, "--cluster-listen"},
		{"last port", clusterSettings{ClusterListen: "127.0.0.1:65535", ClusterKey: key}, "from 1 to 65534"},
		{"two ways", clusterSettings{ClusterListen: "127.0.0.1:6222", ClusterKey: key, NATS: "nats://a", ClusterJoin: []string{"a:1"}}, "leave one away"},
		{"relays alone", clusterSettings{RelayAbove: 5}, "needs --cluster-listen"},
		{"relays above all", clusterSettings{ClusterListen: "127.0.0.1:6222", ClusterKey: key, RelayAbove: 100}, "less than --max-participants 100"},
		{"taken", clusterSettings{ClusterListen: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), ClusterKey: key}, "next port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := newMember(t.Context(), &settings{clusterSettings: test.s, MaxParticipants: 100}, "http://here", slog.New(slog.DiscardHandler))
			if m != nil || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, %v; want %q", m, err, test.want)
			}
		})
	}
}
