package offer

import (
	"errors"
	"strings"
	"testing"
)

// TestNamedAddresses leaves none of the addresses that a client names in what pion gets.
func TestNamedAddresses(t *testing.T) {
	const address = "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host|"
	lines := "a=group:BUNDLE 0 1|" + address + opusLines + "|a=mid:0|" + address + address + "a=end-of-candidates|" +
		vp8Lines + "|a=mid:1|a=remote-candidates:1 192.0.2.1 5000|" + strings.TrimSuffix(address, "|")
	text, err := described(t, lines).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	o, err := Read(string(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(o.Text, "candidate") || strings.Contains(o.Text, "192.0.2.1") {
		t.Errorf("pion gets addresses:\n%s", o.Text)
	}
	if o.Candidates != 4 {
		t.Errorf("%d are counted, want 4", o.Candidates)
	}
}

// TestCredentials refuses what ICE does not allow, and clients that send no checks.
func TestCredentials(t *testing.T) {
	long := func(n int) string { return strings.Repeat("u", n) }
	for _, c := range []struct{ name, line, says string }{
		{"longest", "|a=ice-ufrag:" + long(256) + "|a=ice-pwd:" + long(256), ""},
		{"long ufrag", "|a=ice-ufrag:" + long(257), "a=ice-ufrag has 257 characters"},
		{"long password", "|a=ice-pwd:" + long(257), "a=ice-pwd has 257 characters"},
		{"short ufrag", "|a=ice-ufrag:uuu", "a=ice-ufrag has 3 characters; ICE allows 4 to 256"},
		{"short password", "|a=ice-pwd:" + long(21), "a=ice-pwd has 21 characters; ICE allows 22 to 256"},
		{"a space", "|a=ice-ufrag:ab cd", "other than letters"},
		{"sha-1 of 64 digits", "|a=fingerprint:sha-1 " + strings.Repeat("ab", 32), "a=fingerprint:sha-1 has 32 bytes; that hash makes 20"},
		{"sha-1", "|a=fingerprint:SHA-1 " + strings.Repeat("ab", 20), ""},
		{"a hash that is not known", "|a=fingerprint:sha-3 " + strings.Repeat("ab", 20), ""},
		{"no hexadecimal digits", "|a=fingerprint:sha-256 xx", "not hexadecimal"},
		{"no digits", "|a=fingerprint:sha-256", "has 0 bytes"},
		{"one name twice", "|a=mid:0|" + vp8Lines + "|a=mid:0", "two sections have a=mid:0"},
		{"lite", "|a=ice-lite", "offer full ICE"},
	} {
		text, err := described(t, opusLines+c.line).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		_, err = Read(string(text), 0)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrBadSDP) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// TestCandidatesAreCheap reads an offer with 800 addresses at the cost of one without.
func TestCandidatesAreCheap(t *testing.T) {
	cost := func(text string) float64 {
		return testing.AllocsPerRun(10, func() {
			if _, err := Read(text, 0); err != nil {
				t.Fatal(err)
			}
		})
	}
	plain := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\na=setup:actpass\r\n"
	named := strings.Repeat("a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\n", 800)
	without, with := cost(plain), cost(plain+named)
	if most := without + 40; with > most { // the text without them grows a few times
		t.Errorf("an offer with 800 addresses takes %.0f allocations, one without %.0f", with, without)
	}
}

// TestFlows: an offer of which nothing is to flow is one that waits.
func TestFlows(t *testing.T) {
	for lines, want := range map[string]bool{
		opusLines: true, opusLines + "|a=sendonly": true, opusLines + "|a=inactive": false,
		opusLines + "|a=inactive|" + vp8Lines + "|a=recvonly": true,
	} {
		text, err := described(t, "a=group:BUNDLE section0 section1|"+lines).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(string(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		if o.Flows() != want {
			t.Errorf("%s: flows: %t", lines, o.Flows())
		}
	}
}
