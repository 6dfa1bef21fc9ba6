package main

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestWall has somebody join with --port 443 through a firewall that passes that port alone, of TCP, or of
// TCP and UDP. Of a stay of 2 s, they miss 1.5 s at most before the first picture. The kernel routes
// nothing else, so that a packet to another port would go nowhere.
func TestWall(t *testing.T) {
	if testing.Short() {
		t.Skip("media needs real time")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "-rn", "ip", "rule", "add", "ipproto", "tcp", "dport", "443", "lookup", "100").CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v, %s", err, out)
	}
	recorded := regexp.MustCompile(`recorded ([\d.]+s)`)
	sent := regexp.MustCompile(`Udp: \d+ \d+ \d+ (\d+)`)
	for protocols, udp := range map[string]bool{"tcp": false, "tcp udp": true} {
		t.Run(protocols, func(t *testing.T) {
			t.Parallel()
			const least = 500 * time.Millisecond
			var text []byte
			var datagrams [][]byte
			seen := time.Duration(0)
			for tries := 0; tries < 3 && seen < least; tries++ { // a way that is slow is so each time, and a busy machine is not
				script := exec.CommandContext(t.Context(), "unshare", "-rn", "sh", "testdata/wall.sh", t.TempDir(), protocols)
				var err error
				if text, err = script.CombinedOutput(); err != nil && !strings.Contains(string(text), "nothing came") {
					t.Fatalf("%v: %s", err, text)
				}
				length := recorded.FindSubmatch(text)
				if datagrams = sent.FindSubmatch(text); length != nil {
					seen, _ = time.ParseDuration(string(length[1]))
				}
			}
			if datagrams == nil || seen < least {
				t.Fatalf("the call was seen for %v: %s", seen, text)
			}
			if n, err := strconv.Atoi(string(datagrams[1])); err != nil || (n > 0) != udp {
				t.Errorf("%d datagrams left, %v", n, err)
			}
			if strings.Contains(string(text), "again in") {
				t.Errorf("it took several tries: %s", text)
			}
		})
	}
}
