package address_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"tilemix/mcu/gateway/address"
)

// names stands in for DNS.
func names(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host {
	case "live.example.org":
		return []netip.Addr{netip.MustParseAddr("93.184.215.14"), netip.MustParseAddr("2606:2800:21f:cb07::1")}, nil
	case "metadata.example.org":
		return []netip.Addr{netip.MustParseAddr("93.184.215.14"), netip.MustParseAddr("169.254.169.254")}, nil
	case "inside.example.org":
		return []netip.Addr{netip.MustParseAddr("10.1.2.3")}, nil
	default:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
}

func TestAddresses(t *testing.T) {
	const out, in = address.Output, address.Input
	const local = "private network"
	for _, c := range []struct {
		url   string
		use   address.Use
		why   string // part of the reason; "": it is let through
		local bool   // with private addresses allowed
	}{
		{"rtmp://live.example.org/live2/abcd-efgh", out, "", false},
		{"rtmps://live.example.org:443/rtmp/key?s_bl=1&s_ps=1", out, "", false},
		{"srt://live.example.org:9000?streamid=#!::r=live,m=publish&passphrase=0123456789", out, "", false},
		{"srt://live.example.org:9000", out, "", false},
		{"rtsp://user:pass@live.example.org/stream", out, "", false},
		{"whip+https://live.example.org/whip/endpoint", out, "", false},
		{"rtsp://user:pass@live.example.org:554/Streaming/Channels/101?x=1", in, "", false},
		{"https://live.example.org/hls/index.m3u8", in, "", false},
		{"file:films/intro.mp4", in, "", false},
		{"file:films/a%20b.mp4", in, "", false},
		{"rtmp://nowhere.example.org/app/key", out, "no such host", false},

		{"", out, "no URL", false},
		{"nonsense", out, "no URL", false},
		{"rtmp://live.example.org/live/%zz", out, "no URL", false},
		{"rtmp://live.example.org:x/live/key", out, "no URL", false},
		{"rtmp://live.example.org:0/live/key", out, "port", false},
		{"rtmp://live.example.org:70000/live/key", out, "port", false},
		{"rtmp://live.example.org/live/a b", out, "no URL", false},
		{"rtmp://live.example.org/live/a\nb", out, "no URL", false},
		{"rtmp://live.example.org/live/it's", out, "no URL", false},
		{"rtmp://live.example.org/live/a#b", out, "#", false},
		{"rtmp://" + strings.Repeat("a", 3000), out, "longer", false},
		{"rtmp://live.example.org/" + strings.Repeat("a", 1000) + "/key", out, "longer", false},
		{"rtmp:///live/key", out, "no host", false},
		{"rtmp:live/key", out, "no host", false},
		{"rtmp://höst/live/key", out, "characters", false},
		{"rtmp://live.example.org/key", out, "stream key", false},
		{"rtmp://live.example.org/live/", out, "stream key", false},
		{"srt://live.example.org", out, "port", false},
		{"srt://live.example.org:9000?mode=listener", out, "caller", false},
		{"srt://live.example.org:9000?localaddr=1.2.3.4", out, "options", false},
		{"srt://live.example.org:9000?streamid=a%0apassphrase=b", out, "streamid", false},
		{"srt://live.example.org:9000?passphrase=012345678", out, "10 to 79", false},
		{"srt://live.example.org:9000?passphrase=", out, "10 to 79", false},
		{"srt://live.example.org:9000?passphrase=" + strings.Repeat("a", 79), out, "", false},
		{"srt://live.example.org:9000?passphrase=" + strings.Repeat("a", 80), out, "10 to 79", false},
		{"ftp://live.example.org/a", out, `"ftp" is not one of`, false},
		{"concat:a|b", in, `"concat" is not one of`, false},
		{"pipe:0", in, "is not one of", false},
		{"http://live.example.org/", out, `"http" cannot be used`, false},
		{"srt://live.example.org:9000", in, `"srt" cannot be used`, false},
		{"file:///etc/passwd", out, `"file" cannot be used`, false},
		{"file:///etc/passwd", in, "data folder", false},
		{"file:/etc/passwd", in, "data folder", false},
		{"file://host/a.mp4", in, "data folder", false},
		{"file:../a.mp4", in, "out of the data folder", false},
		{"file:a/../../b.mp4", in, "out of the data folder", false},
		{"file:a/%2e%2e/%2e%2e/b.mp4", in, "out of the data folder", false},
		{"file:%2fetc%2fpasswd", in, "out of the data folder", false},
		{"file:", in, "data folder", false},
		{"file:a%00.mp4", in, "out of the data folder", false},

		{"http://169.254.169.254/latest/meta-data/", in, "metadata", true},
		{"http://[fe80::1]/", in, "metadata", true},
		{"http://[fe80::1%25eth0]/", in, "characters", true},
		{"http://[::ffff:169.254.169.254]/", in, "metadata", true},
		{"http://[::ffff:a9fe:a9fe]/", in, "metadata", true},
		{"http://[64:ff9b::a9fe:a9fe]/", in, "metadata", true},
		{"http://[2002:a9fe:a9fe::1]/", in, "metadata", true},
		{"http://[fd00:ec2::254]/", in, "metadata", true},
		{"http://[fd00:ec2::23]/", in, "metadata", true},
		{"http://[fd20:ce::254]/", in, "metadata", true},
		{"http://[64:ff9b:1::a9fe:a9fe]/", in, "metadata", true},
		{"http://168.63.129.16/", in, "metadata", true},
		{"http://[::ffff:168.63.129.16]/", in, "metadata", true},
		{"http://192.0.0.192/", in, "metadata", true},
		{"http://192.0.0.191/", in, "", true},
		{"http://100.100.100.200/", in, "metadata", true},
		{"http://2852039166/", in, "metadata", true},
		{"http://0xa9fea9fe/", in, "metadata", true},
		{"http://0xA9.254.0xa9fe/", in, "metadata", true},
		{"http://0251.0376.0251.0376/", in, "metadata", true},
		{"http://169.16689662/", in, "metadata", true},
		{"http://169.254.169.254./", in, "metadata", true},
		{"rtmp://metadata.example.org/a/b", out, "metadata", true},
		{"whip+http://metadata.example.org/a", out, "metadata", true},
		{"rtsp://239.1.1.1/a", in, "metadata", true},

		{"rtmp://127.0.0.1/a/b", out, local, false},
		{"rtmp://127.0.0.1/a/b", out, "", true},
		{"rtmp://127.1/a/b", out, local, false},
		{"rtmp://0/a/b", out, local, false},
		{"rtmp://[::1]/a/b", out, local, false},
		{"rtmp://[::1]/a/b", out, "", true},
		{"rtmp://[::]/a/b", out, local, false},
		{"rtmp://[::ffff:10.0.0.1]/a/b", out, local, false},
		{"rtsp://fd00:ec2::254/x", in, "brackets", true},
		{"rtmp://fd00:ec2::254/x/y", out, "brackets", true},
		{"whip+http://fd00:ec2::254/x", out, "brackets", true},
		{"rtsp://a:1:2/x", in, "brackets", true},
		{"rtsp://[2606:2800:21f:cb07::1]/x", in, "", false},
		{"rtsp://[2001:0:ce49:7601::1]/x", in, local, false}, // Teredo
		{"rtsp://[2001:10::1]/x", in, local, false},
		{"rtsp://[3fff::1]/x", in, local, false},
		{"rtsp://[5f00::1]/x", in, local, false},
		{"rtsp://[100::1]/x", in, local, false},
		{"rtsp://[::ffff:0:a00:1]/x", in, local, false}, // SIIT
		{"rtsp://[::ffff:0:a9fe:a9fe]/x", in, "metadata", true},
		{"rtsp://[::ffff:0:808:808]/x", in, "", false},
		{"rtsp://[4000::1]/x", in, local, false},
		{"rtsp://192.168.1.20/cam", in, local, false},
		{"rtsp://192.168.1.20/cam", in, "", true},
		{"rtsp://inside.example.org/cam", in, local, false},
		{"rtsp://inside.example.org/cam", in, "", true},
		{"rtsp://[fd12::1]/cam", in, local, false},
		{"rtsp://100.64.0.1/cam", in, local, false},
	} {
		a, err := address.Parse(c.url, c.use)
		if err == nil {
			_, err = address.Rules{Private: c.local}.Find(t.Context(), a, names)
		}
		if c.why == "" {
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
			continue
		}
		unknown := c.why == "no such host"
		if err == nil || errors.Is(err, address.ErrRefused) == unknown || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, not %s", c.url, err, c.why)
		}
	}
}

// TestKeysAreHidden shows each address and puts it, and its parts, into a line of a log.
func TestKeysAreHidden(t *testing.T) {
	const out, in = address.Output, address.Input
	for _, c := range []struct {
		url, shown string
		use        address.Use
		keys       []string
	}{
		{"rtmp://live.example.org/live2/abcd-efgh", "rtmp://live.example.org/live2/***", out, []string{"abcd-efgh"}},
		{"rtmp://live.example.org/app/5ecre7/one", "rtmp://live.example.org/app/***", out, []string{"5ecre7", "one"}},
		{"rtmps://me:word@live.example.org:443/rtmp/FB-1?s_bl=secret%2F1", "rtmps://***@live.example.org:443/rtmp/***?***", out, []string{"word", "FB-1", "secret/1", "secret%2F1", "secret%2f1", "secret%252F1"}},
		{"srt://live.example.org:9000?streamid=#!::r=live&passphrase=0123456789", "srt://live.example.org:9000?***", out, []string{"#!::r=live", "0123456789"}},
		{"srt://live.example.org:9000/5ecre7/x", "srt://live.example.org:9000/***", out, []string{"5ecre7"}},
		{"whip+https://live.example.org/5ecre7/webRTC/publish", "whip+https://live.example.org/***", out, []string{"5ecre7", "publish"}},
		{"whip+http://ada:pa%22ss%2Fw@live.example.org/x?5ecre7&a=1", "whip+http://***@live.example.org/***?***", out, []string{
			`pa"ss/w`, `pa\"ss\/w`, "pa&quot;ss/w", `pa\u0022ss\u002Fw`, "YWRhOnBhInNzL3c=", "cGEic3Mvdw==", "5ecre7",
		}},
		{"rtsp://admin:p%40ss@10.0.0.1/user=admin_password=pw", "rtsp://***@10.0.0.1/***", in, []string{"p@ss", "p%40ss", "user=admin_password=pw"}},
		{"rtsp://10.0.0.1/app/5ecre7/", "rtsp://10.0.0.1/***", out, []string{"5ecre7"}},
		{"rtsp://10.0.0.1/5ecre7/trackID=1", "rtsp://10.0.0.1/***", out, []string{"5ecre7"}},
		{"https://live.example.org/5ecre7/index.m3u8?token=abc", "https://live.example.org/***?***", in, []string{"5ecre7", "token=abc", "abc"}},
		{"http://live.example.org/5ecre7//", "http://live.example.org/***", in, []string{"5ecre7"}},
		{"http://live.example.org/", "http://live.example.org", in, nil},
		{"file:films/intro.mp4", "file:films/intro.mp4", in, nil},
	} {
		a, err := address.Parse(c.url, c.use)
		if err != nil {
			t.Fatalf("%s: %v", c.url, err)
		}
		if a.String() != c.shown {
			t.Errorf("%s is shown as %s", c.url, a)
		}
		for _, text := range append([]string{c.url}, c.keys...) {
			said := a.Redact("Cannot open " + text + ": refused")
			for _, key := range c.keys {
				if strings.Contains(said, key) {
					t.Errorf("%s is said to be %q", text, said)
				}
			}
			if !strings.HasSuffix(said, ": refused") {
				t.Errorf("%s became %q", text, said)
			}
		}
	}
}

// TestRedact has others say what was told to them, and what only looks like it.
func TestRedact(t *testing.T) {
	for _, c := range []struct{ url, token, said, shown string }{
		{"whip+http://a/x", "sEcretTok55", "401: bad credentials: Bearer sEcretTok55", "401: bad credentials: Bearer ***"},
		{"whip+http://a/x", "sEcret+Tok/55==", `{"error":"sEcret\u002bTok\/55=="}`, `{"error":"***"}`},
		{"whip+http://a/x", "sEcretTok55", "Basic c0VjcmV0VG9rNTU=", "Basic ***="},
		{"whip+http://user:pw@a/x", "", "401: Basic dXNlcjpwdw==", "401: Basic ***=="},
		{"whip+http://user@a/x", "", "401: Basic dXNlcjo=", "401: Basic ***="},
		{"whip+http://a/x", "a<b>&c\\d", `{"error":"a\u003cb\u003e\x26c\\d","html":"a&lt;b&#62;&amp;c\d"}`, `{"error":"***","html":"***"}`},
		{"whip+http://a/x", "sEcretTok55", "sEcretTok55sEcretTok55!", "***!"},
		{"whip+http://a/abcdefgh/efghijkl", "", "abcdefghijklm", "***m"},
		{"whip+http://a/meta", "", "no metadata at http://a/meta", "no metadata at http://a/***"},
		{"whip+http://a/meta", "", "?to=http%3A%2F%2Fa%2Fmeta", "?to=http%3A%2F%2Fa%2F***"},
		{"whip+http://a/metadata", "", "no ametadatas", "no a***s"},
	} {
		a, err := address.Parse(c.url, address.Output)
		if err == nil {
			a, err = a.WithToken(c.token)
		}
		if err != nil {
			t.Fatal(err)
		}
		if shown := a.Redact(c.said); shown != c.shown {
			t.Errorf("%s %s: %q becomes %q", c.url, c.token, c.said, shown)
		}
	}
	if _, err := new(address.Address).WithToken(strings.Repeat("a", 5000)); !errors.Is(err, address.ErrRefused) {
		t.Errorf("a long token: %v", err)
	}
}

// TestMask hides the addresses that a name leads to.
func TestMask(t *testing.T) {
	for _, c := range []struct{ url, said, shown string }{
		{"rtsp://inside/x", "dial tcp 10.1.2.3:9999: address refused", "dial tcp ***:9999: address refused"},
		{"rtsp://inside/x", "dial tcp [fd12::1]:9999: refused", "dial tcp [***]:9999: refused"},
		{"rtsp://inside/x", "lookup inside on 10.0.0.53:53: no such host", "lookup inside on ***:53: no such host"},
		{"rtsp://10.1.2.3/x", "dial tcp 10.1.2.3:554 for 10.1.2.4", "dial tcp 10.1.2.3:554 for ***"},
		{"rtsp://[fd12::1]/x", "dial tcp [fd12::1]:554", "dial tcp [fd12::1]:554"},
		{"rtsp://inside/x", "at 12:30:45 status 401: a::b is no time", "at 12:30:45 status 401: *** is no time"},
	} {
		a, err := address.Parse(c.url, address.Input)
		if err != nil {
			t.Fatal(err)
		}
		if shown := a.Mask(c.said); shown != c.shown {
			t.Errorf("%s: %q becomes %q, want %q", c.url, c.said, shown, c.shown)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"rtmp://a/b/c?d", "srt://a:1?streamid=#x", "file:a/b", "rtsp://u:p@[::1]:5/x", "http://0x7f.1/"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, in bool) {
		use := address.Output
		if in {
			use = address.Input
		}
		a, err := address.Parse(s, use)
		if err != nil {
			return
		}
		_, _ = address.Rules{}.Find(t.Context(), a, names)
		if a.Scheme() == "file" {
			return
		}
		app := ""
		if strings.HasPrefix(a.Scheme(), "rtmp") {
			app = "(/[^/]+)?"
		}
		shown := "^" + regexp.QuoteMeta(a.Scheme()) + `://(\*\*\*@)?` + regexp.QuoteMeta(a.HostPort()) + app + `(/\*\*\*)?(\?\*\*\*)?$`
		if !regexp.MustCompile(shown).MatchString(a.String()) {
			t.Errorf("%q is shown as %q", s, a)
		}
		_, key := a.RTMP()
		if said := a.Redact("no " + key); len(key) > 8 && strings.HasSuffix(said, key) {
			t.Errorf("%q is said to be %q", s, said)
		}
	})
}

// TestAt puts an IP in place of a host's name. What else an address has stays.
func TestAt(t *testing.T) {
	for _, c := range []struct{ url, ip, want, app string }{
		{"rtmp://live.example.org/app/key?a=1", "192.0.2.1", "rtmp://192.0.2.1/app/key?a=1", "rtmp://live.example.org:1935/app"},
		{"rtmp://me:pw@live.example.org:1936/app/one/key", "2001:db8::1", "rtmp://me:pw@[2001:db8::1]:1936/app/one/key", "rtmp://live.example.org:1936/app/one"},
		{"rtmp://live.example.org/a/b/c/d", "::ffff:192.0.2.1", "rtmp://192.0.2.1/a/b/c/d", "rtmp://live.example.org:1935/a/b"},
		{"rtmp://live.example.org/a/mp4:b/c", "2001:db8::1", "rtmp://[2001:db8::1]/a/mp4:b/c", "rtmp://live.example.org:1935/a"},
		{"rtsp://u:p%40@live.example.org/a%2Fb", "192.0.2.1", "rtsp://u:p%40@192.0.2.1/a%2Fb", ""},
	} {
		a, err := address.Parse(c.url, address.Input)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.At(netip.MustParseAddr(c.ip)).URL(); got != c.want {
			t.Errorf("%s at %s is %s, not %s", c.url, c.ip, got, c.want)
		}
		if got := a.App(); c.app != "" && got != c.app {
			t.Errorf("%s names the application %s, not %s", c.url, got, c.app)
		}
	}
}
