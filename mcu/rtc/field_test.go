package rtc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tilemix/mcu/rtc"
)

// fieldOffer is an offer of the kinds that clients in the field write: libdatachannel and OBS,
// FFmpeg, GStreamer, browsers with layers. Its zero value is OBS's, with sound and one picture.
type fieldOffer struct {
	groups   []string // of the session; nil: one BUNDLE of both
	noAudio  bool
	noMid    bool
	fmtp     string   // of the picture; "": none
	formats  string   // payload types of the picture, 96 by default
	lines    []string // more of the picture
	own      bool     // each section has ICE credentials of its own
	sendrecv bool
	session  []string // more of the session
}

const fieldFormat = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"

func (o fieldOffer) String() string {
	groups := o.groups
	if groups == nil {
		groups = []string{"BUNDLE 0 1"}
	}
	lines := []string{"v=0", "o=rtc 1 0 IN IP4 127.0.0.1", "s=-", "t=0 0"}
	for _, g := range groups {
		lines = append(lines, "a=group:"+g)
	}
	lines = append(lines, "a=msid-semantic:WMS *", "a=setup:actpass", "a=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
	lines = append(lines, o.session...)
	if !o.own {
		lines = append(lines, "a=ice-ufrag:Uuuu", "a=ice-pwd:pppppppppppppppppppppppp")
	}
	section := func(media, mid string, more ...string) {
		lines = append(lines, "m="+media, "c=IN IP4 0.0.0.0", "a=rtcp-mux")
		if !o.noMid {
			lines = append(lines, "a=mid:"+mid)
		}
		if o.own {
			lines = append(lines, "a=ice-ufrag:Uuu"+mid, "a=ice-pwd:pppppppppppppppppppppppp")
		}
		direction := "a=sendonly"
		if o.sendrecv {
			direction = "a=sendrecv"
		}
		lines = append(append(lines, direction), more...)
	}
	if !o.noAudio {
		section("audio 9 UDP/TLS/RTP/SAVPF 111", "0", "a=msid:s a", "a=rtpmap:111 opus/48000/2", "a=ssrc:1001 cname:x")
	}
	picture := []string{"a=msid:s v", "a=rtpmap:96 H264/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"}
	if o.fmtp != "" {
		picture = append(picture, "a=fmtp:96 "+o.fmtp)
	}
	formats := o.formats
	if formats == "" {
		formats = "96"
	}
	section("video 9 UDP/TLS/RTP/SAVPF "+formats, "1", append(picture, o.lines...)...)
	return strings.Join(lines, "\r\n") + "\r\n"
}

var ridLines = []string{
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	"a=rid:0 send", "a=rid:1 send", "a=rid:2 send", "a=simulcast:send 0;1;2",
}

// TestFieldOffers answers what clients in the field offer, or says which attribute it refuses.
func TestFieldOffers(t *testing.T) {
	taken := []string{"m=video 9"}
	rids := []string{"a=rid:0 recv", "a=rid:1 recv", "a=rid:2 recv", "a=simulcast:recv 0;1;2", "sdes:mid", "sdes:rtp-stream-id"}
	for name, c := range map[string]struct {
		offer fmt.Stringer
		is    error    // that refuses it
		has   []string // lines that begin so, or, of an error, its words
		lacks []string
	}{
		"layers": {fieldOffer{fmtp: fieldFormat, lines: ridLines}, nil, rids, nil},
		"layers, and SSRCs": {fieldOffer{fmtp: fieldFormat, lines: slices.Concat(ridLines, []string{
			"a=ssrc:1002 cname:x", "a=ssrc:1003 cname:x", "a=ssrc:1004 cname:x",
		})}, nil, rids, nil},
		"one layer": {
			fieldOffer{fmtp: fieldFormat, lines: append(slices.Clone(ridLines[:3]), "a=simulcast:send 0")},
			nil,
			[]string{"a=rid:0 recv", "a=simulcast:recv 0"},
			[]string{"a=rid:1"},
		},
		"four layers": {
			fieldOffer{fmtp: fieldFormat, lines: append(slices.Clone(ridLines[:5]), "a=rid:3 send", "a=simulcast:send 0;1;2;3")},
			nil,
			rids,
			[]string{"a=rid:3"},
		},
		"layers without their extension": {fieldOffer{fmtp: fieldFormat, lines: ridLines[2:]}, nil, taken, []string{"a=rid", "a=simulcast"}},
		"RTX without SSRCs": {
			fieldOffer{fmtp: fieldFormat, formats: "96 97", lines: []string{"a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"}},
			nil,
			[]string{"m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=fmtp:97 apt=96"},
			nil,
		},
		"a group of a section that is absent": {fieldOffer{noAudio: true, fmtp: fieldFormat}, nil, []string{"a=group:BUNDLE 1"}, nil},
		"a profile of seven digits": {
			fieldOffer{fmtp: "packetization-mode=1;profile-level-id=422001f"},
			nil,
			[]string{"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=422001f"},
			nil,
		},
		"one section, no group":            {fieldOffer{groups: []string{}, noAudio: true, fmtp: fieldFormat}, nil, taken, []string{"a=group"}},
		"two sections, no group":           {fieldOffer{groups: []string{}, own: true, fmtp: fieldFormat}, rtc.ErrUnbundled, []string{"a=group:BUNDLE", "bundle-policy"}, nil},
		"a section outside the group":      {fieldOffer{groups: []string{"BUNDLE 0"}, fmtp: fieldFormat}, rtc.ErrUnbundled, []string{"sections 1"}, nil},
		"another group before":             {fieldOffer{groups: []string{"LS 0 1", "BUNDLE 0 1"}, fmtp: fieldFormat}, nil, []string{"m=video 9", "a=group:BUNDLE 0 1"}, []string{"a=group:LS"}},
		"another group of other members":   {fieldOffer{groups: []string{"LS 0", "BUNDLE 0 1"}, fmtp: fieldFormat}, nil, taken, nil},
		"no mid":                           {fieldOffer{groups: []string{}, noMid: true, noAudio: true, fmtp: fieldFormat}, nil, taken, []string{"a=mid", "a=group"}},
		"layers by SSRC":                   {fieldOffer{fmtp: fieldFormat, lines: []string{"a=ssrc-group:SIM 1 2 3", "a=ssrc-group:FID 1 11", "a=ssrc:1 cname:c", "a=ssrc:2 cname:c", "a=ssrc:3 cname:c", "a=ssrc:11 cname:c"}}, nil, taken, nil},
		"two SSRCs":                        {fieldOffer{fmtp: fieldFormat, lines: []string{"a=ssrc:1002 cname:c", "a=ssrc:1003 cname:c"}}, nil, taken, nil},
		"no mode, sendonly":                {fieldOffer{fmtp: "profile-level-id=42e01f"}, nil, []string{"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=0"}, nil},
		"no format at all, sendonly":       {fieldOffer{}, nil, taken, nil},
		"mode 0, sendonly":                 {fieldOffer{fmtp: "profile-level-id=42e01f;packetization-mode=0"}, nil, []string{"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=0"}, nil},
		"mode 0, sendrecv":                 {fieldOffer{fmtp: "profile-level-id=42e01f;packetization-mode=0", sendrecv: true}, rtc.ErrNoCodec, []string{"packetization-mode=0"}, nil},
		"mode 2":                           {fieldOffer{fmtp: "packetization-mode=2"}, rtc.ErrNoCodec, []string{"packetization-mode=2"}, nil},
		"High 4:2:2":                       {fieldOffer{fmtp: "packetization-mode=1;profile-level-id=7a001f"}, rtc.ErrNoCodec, []string{"profile-level-id=7a001f", "High 4:2:2", "it takes"}, nil},
		"a profile in capitals, quoted":    {fieldOffer{fmtp: `packetization-mode=1;profile-level-id="4D0028"`}, nil, taken, nil},
		"H.265 alone":                      {fieldOffer{formats: "98", lines: []string{"a=rtpmap:98 H265/90000"}}, rtc.ErrNoCodec, []string{"H265/90000", "VP8/90000"}, nil},
		"parameter sets, not to be echoed": {fieldOffer{fmtp: fieldFormat + ";sprop-parameter-sets=Z0LAH9kA8AUAAAMAAQ==,aM48gA=="}, nil, taken, []string{"sprop"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := newPeer(t, nil).Offer(t.Context(), c.offer.String())
			if c.is != nil {
				for _, words := range c.has {
					if !errors.Is(err, c.is) || !strings.Contains(err.Error(), words) {
						t.Errorf("error %v, not %v with %q", err, c.is, words)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range c.has {
				if !strings.Contains(answer, "\n"+line) && !strings.Contains(answer, "rtp-hdrext:"+line) {
					t.Errorf("the answer has no line %q\n%s", line, answer)
				}
			}
			for _, line := range c.lacks {
				if strings.Contains(answer, line) {
					t.Errorf("the answer has %q\n%s", line, answer)
				}
			}
			if strings.Contains(answer, "m=video 0 ") {
				t.Errorf("the picture is refused\n%s", answer)
			}
		})
	}
}

// TestCandidateOrder has the same candidates in the same order in each answer: routable ones
// first, one component, loopback last and only for clients of this machine.
func TestCandidateOrder(t *testing.T) {
	api, first := newServer(t, nil)
	_ = api
	lines := func(p *rtc.Peer) (all []string) {
		answer, err := p.Offer(t.Context(), fieldOffer{fmtp: fieldFormat}.String())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(answer) {
			if fields := strings.Fields(line); strings.HasPrefix(line, "a=candidate") {
				all = append(all, strings.Join([]string{fields[1], fields[2], fields[4]}, " "))
			}
		}
		return all
	}
	want := lines(first)
	for i, line := range want {
		if !strings.HasPrefix(line, "1 ") {
			t.Errorf("component: %s", line)
		}
		if local := strings.HasSuffix(line, " 127.0.0.1"); local && i == 0 && len(want) > 4 {
			t.Errorf("loopback first: %q", want)
		}
	}
	for range 3 {
		if got := lines(newPeerOf(t, api)); !slices.Equal(got, want) {
			t.Errorf("%q, then %q", want, got)
		}
	}
	away := newPeerOf(t, api)
	away.Away()
	if got := strings.Join(lines(away), ","); strings.Contains(got, "127.0.0.1") {
		t.Errorf("loopback for who is away: %s", got)
	}
}

func newPeerOf(t *testing.T, api *rtc.API) *rtc.Peer {
	t.Helper()
	nothing := func() {}
	p, err := api.NewPeer(rtc.Events{
		Video: func(*rtc.Track) {}, Audio: func(*rtc.Track) {}, Control: func([]byte) {},
		KeyFrame: nothing, ControlOpen: nothing, ControlClosed: nothing, Connected: nothing, Failed: nothing, Ended: nothing,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
