package offer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"tilemix/codec"
)

// ice is what each offer has of the session.
const ice = "a=ice-ufrag:abcd|a=ice-pwd:abcdefghijklmnopqrstuvwx|a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB|a=setup:actpass|"

// described is an SDP of lines that are separated by a bar.
func described(t *testing.T, lines string) *sdp.SessionDescription {
	t.Helper()
	var desc sdp.SessionDescription
	text := "v=0|o=- 1 2 IN IP4 127.0.0.1|s=-|t=0 0|" + ice + lines + "|"
	if err := desc.UnmarshalString(strings.ReplaceAll(text, "|", "\r\n")); err != nil {
		t.Fatal(err)
	}
	return &desc
}

const (
	vp8Lines  = "m=video 9 UDP/TLS/RTP/SAVPF 96|a=rtpmap:96 VP8/90000"
	h264Lines = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000|a=fmtp:102 packetization-mode=1;profile-level-id=42e01f"
	opusLines = "m=audio 9 UDP/TLS/RTP/SAVPF 111|a=rtpmap:111 opus/48000/2"
)

// TestDirections: a section without a direction has the session's, and without that sends and receives.
func TestDirections(t *testing.T) {
	for _, c := range []struct {
		name, session, section string
		sends, receives        bool
	}{
		{"none", "", "", true, true},
		{"the section's", "", "|a=sendonly", true, false},
		{"the session's", "a=recvonly|", "", false, true},
		{"the section's before the session's", "a=recvonly|", "|a=sendonly", true, false},
		{"inactive", "", "|a=inactive", false, false},
		{"both", "a=inactive|", "|a=sendrecv", true, true},
	} {
		desc := described(t, c.session+opusLines+c.section)
		if s := readSection(desc, desc.MediaDescriptions[0], 0); s.sends != c.sends || s.receives != c.receives {
			t.Errorf("%s: sends %v, receives %v", c.name, s.sends, s.receives)
		}
	}
}

// TestStreams finds the layers, the first stream and the repairs that a section declares.
func TestStreams(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		rids        []string
		ssrcs       []uint32
		repairs     map[uint32]uint32
	}{
		{"none", "", nil, nil, nil},
		{"one", "|a=ssrc:7 cname:x|a=ssrc:7 msid:a b", nil, []uint32{7}, nil},
		{"with repairs", "|a=ssrc-group:FID 7 8|a=ssrc:7 cname:x|a=ssrc:8 cname:x", nil, []uint32{7}, map[uint32]uint32{8: 7}},
		{"repairs first", "|a=ssrc:8 cname:x|a=ssrc:7 cname:x|a=ssrc-group:FID 7 8", nil, []uint32{7}, map[uint32]uint32{8: 7}},
		{"simulcast of old", "|a=ssrc-group:SIM 7 9 11|a=ssrc-group:FID 7 8|a=ssrc:9 cname:x|a=ssrc:7 cname:x", nil, []uint32{7}, map[uint32]uint32{8: 7}},
		{"layers", "|a=rid:h send|a=rid:l send max-width=320|a=simulcast:send h;l", []string{"h", "l"}, nil, nil},
		{"layers to receive", "|a=rid:h recv", nil, nil, nil},
		{"too many layers", "|a=rid:a send|a=rid:b send|a=rid:c send|a=rid:d send", []string{"a", "b", "c"}, nil, nil},
		{"no number", "|a=ssrc:x cname:x", nil, []uint32{0}, nil},
		{"half a group", "|a=ssrc-group:FID 7|a=ssrc:7 cname:x", nil, []uint32{7}, nil},
	} {
		desc := described(t, vp8Lines+c.lines)
		s := readSection(desc, desc.MediaDescriptions[0], 0)
		if !slices.Equal(s.rids, c.rids) || !slices.Equal(s.ssrcs, c.ssrcs) || fmt.Sprint(s.repairs) != fmt.Sprint(c.repairs) {
			t.Errorf("%s: layers %v, streams %v, repairs %v", c.name, s.rids, s.ssrcs, s.repairs)
		}
	}
}

// TestPictureOfOffers: the offer decides what pictures are of, and a later one keeps it.
func TestPictureOfOffers(t *testing.T) {
	withBoth := "m=video 9 UDP/TLS/RTP/SAVPF 96 102|a=rtpmap:96 VP8/90000|a=rtpmap:102 H264/90000|a=fmtp:102 packetization-mode=1"
	for _, c := range []struct {
		name, lines string
		before      codec.Kind
		want        codec.Kind
		formats     string // that pion sees
	}{
		{"H.264", h264Lines, 0, codec.H264, "102"},
		{"VP8", vp8Lines, 0, codec.VP8, "96"},
		{"both", withBoth, 0, codec.H264, "102"},
		{"both, and VP8 since an earlier offer", withBoth, codec.VP8, codec.VP8, "96"},
		{"H.264 of mode 0 behind VP8", "m=video 9 UDP/TLS/RTP/SAVPF 102 96|a=rtpmap:102 H264/90000|a=rtpmap:96 VP8/90000|a=sendonly", 0, codec.VP8, "96"},
		{"its retransmissions", "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98|a=rtpmap:96 VP8/90000|a=rtpmap:97 rtx/90000|a=fmtp:97 apt=96|a=rtpmap:98 rtx/90000|a=fmtp:98 apt=95", 0, codec.VP8, "96 97"},
	} {
		desc := described(t, "a=group:BUNDLE 0|"+c.lines+"|a=mid:0")
		text, err := desc.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(string(text), c.before)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var seen sdp.SessionDescription
		if err := seen.UnmarshalString(o.Text); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(seen.MediaDescriptions[0].MediaName.Formats, " "); o.Picture != c.want || got != c.formats {
			t.Errorf("%s: pictures are of %v, and pion sees %s", c.name, o.Picture, got)
		}
	}
}

// TestBundles: all wanted sections share one transport, or the offer is refused.
func TestBundles(t *testing.T) {
	for _, c := range []struct {
		name, group string
		mids        []string
		want        error
	}{
		{"all", "a=group:BUNDLE a v|", []string{"a", "v"}, nil},
		{"one is outside", "a=group:BUNDLE a|", []string{"a", "v"}, ErrUnbundled},
		{"no group", "", []string{"a", "v"}, ErrUnbundled},
		{"no group and one section", "", []string{"a"}, nil},
		{"another group", "a=group:LS a v|", []string{"a", "v"}, ErrUnbundled},
	} {
		lines := c.group
		for i, mid := range c.mids {
			lines += []string{opusLines, vp8Lines}[i] + "|a=mid:" + mid + "|"
		}
		text, err := described(t, strings.TrimSuffix(lines, "|")).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(string(text), 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestCandidates puts what most clients reach first, and loopback last, for clients of this
// machine only.
func TestCandidates(t *testing.T) {
	const (
		host     = "1 1 udp 2130706431 192.0.2.1 5000 typ host"
		hostTCP  = "2 1 tcp 1671430143 192.0.2.1 5000 typ host tcptype passive"
		host6    = "3 1 udp 2130706431 2001:db8::1 5000 typ host"
		mapped   = "4 1 udp 1694498815 198.51.100.1 5000 typ srflx raddr 0.0.0.0 rport 0"
		loopback = "5 1 udp 2130706431 127.0.0.1 5000 typ host"
		rtcp     = "6 2 udp 2130706430 192.0.2.1 5001 typ host"
	)
	for _, c := range []struct {
		name      string
		all, want []string
		local     bool
	}{
		{"any order", []string{hostTCP, mapped, host6, host}, []string{host, host6, mapped, hostTCP}, false},
		{"loopback for others", []string{loopback, host}, []string{host}, false},
		{"loopback on this machine", []string{loopback, hostTCP, host}, []string{host, hostTCP, loopback}, true},
		{"loopback alone", []string{loopback, rtcp}, []string{loopback}, false},
		{"RTCP has none of its own", []string{rtcp, host}, []string{host}, true},
		{"none", nil, nil, true},
	} {
		m := &sdp.MediaDescription{Attributes: []sdp.Attribute{{Key: "mid", Value: "0"}}}
		for _, candidate := range c.all {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: candidate})
		}
		m.Attributes = append(m.Attributes, sdp.Attribute{Key: "end-of-candidates"})
		candidates(m, c.local)
		var got []string
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				got = append(got, a.Value)
			}
		}
		if last := m.Attributes[len(m.Attributes)-1].Key; !slices.Equal(got, c.want) || last != "end-of-candidates" {
			t.Errorf("%s: %q, then %s", c.name, got, last)
		}
	}
}

// TestProfiles: the server takes what its decoder reads, and says why it refuses the rest.
func TestProfiles(t *testing.T) {
	for _, c := range []struct{ fmtp, says string }{
		{"profile-level-id=42e01f", ""},
		{"profile-level-id=0x4D401F", ""},
		{`profile-level-id="64001f"`, ""},
		{"profile-level-id=58c01f", ""},
		{"profile-level-id=58001f", "extended"},
		{"profile-level-id=6e001f", "High 10"},
		{"profile-level-id=7a001f", "High 4:2:2"},
		{"profile-level-id=f4001f", "High 4:4:4"},
		{"profile-level-id=2c001f", "High 4:4:4"},
		{"profile-level-id=76001f", "profile 118"},
		{"profile-level-id=", ""},
		{"profile-level-id=x", ""},
		{"profile-level-id=zz001f", ""},
		{"packetization-mode=1", ""},
	} {
		if got := refusesProfile(c.fmtp); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", c.fmtp, got)
		}
	}
}

// TestAnswersKeepWhatTheClientSaid: an answer names the client's own profile, and none of its
// parameter sets.
func TestAnswersKeepWhatTheClientSaid(t *testing.T) {
	for fmtp, want := range map[string]string{
		"packetization-mode=1;profile-level-id=64001f;sprop-parameter-sets=Z0L=": "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
		"profile-level-id=42e01f": "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
		"":                        "level-asymmetry-allowed=1;packetization-mode=0",
	} {
		if got := ownFormat(fmtp); got != want {
			t.Errorf("%q: %s", fmtp, got)
		}
	}
	if sets := parameterSets("sprop-parameter-sets=Z0IACg==,!,,aM4="); len(sets) != 2 || sets[0][0] != 0x67 || sets[1][0] != 0x68 {
		t.Errorf("parameter sets %x", sets)
	}
}

// TestScreens finds which sections are of a screen: those that say so, and otherwise the second of
// a kind that the client sends.
func TestScreens(t *testing.T) {
	const slides, only = "|a=content:slides", "|a=sendonly"
	for _, c := range []struct {
		name     string
		sections []string
		screens  []bool // of each; nil: it is refused
	}{
		{"a camera", []string{opusLines, h264Lines}, []bool{false, false}},
		{"the second picture", []string{opusLines, h264Lines, h264Lines + only}, []bool{false, false, true}},
		{"the second sound", []string{opusLines, h264Lines, opusLines + only}, []bool{false, false, true}},
		{"slides alone", []string{h264Lines + slides}, []bool{true}},
		{"slides first", []string{h264Lines + slides, h264Lines}, []bool{true, false}},
		{"slides last", []string{h264Lines, h264Lines + slides}, []bool{false, true}},
		{"slides among others", []string{h264Lines + "|a=content:speaker", h264Lines + "|a=content:main, Slides"}, []bool{false, true}},
		{"a picture to see", []string{h264Lines, h264Lines + "|a=recvonly"}, []bool{false, false}},
		{"a screen that ended", []string{h264Lines, h264Lines + "|a=inactive" + slides}, []bool{false, false}},
		{"one that was refused", []string{h264Lines, strings.Replace(h264Lines, "video 9", "video 0", 1)}, []bool{false, false}},
		{"three pictures", []string{h264Lines, h264Lines, h264Lines}, nil},
		{"two slides", []string{h264Lines + slides, h264Lines + slides}, nil},
		{"two cameras and slides", []string{h264Lines, h264Lines, h264Lines + slides}, nil},
		{"three sounds", []string{opusLines, opusLines, opusLines}, nil},
	} {
		var mids, lines []string
		for i, s := range c.sections {
			mids = append(mids, fmt.Sprint(i))
			lines = append(lines, s+"|a=mid:"+mids[i])
		}
		text, err := described(t, "a=group:BUNDLE "+strings.Join(mids, " ")+"|"+strings.Join(lines, "|")).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(string(text), 0)
		if c.screens == nil {
			if !errors.Is(err, ErrBadSDP) || !strings.Contains(fmt.Sprint(err), "one screen") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, s := range o.sections {
			if s.screen != c.screens[i] {
				t.Errorf("%s: section %d is a screen: %v", c.name, i, s.screen)
			}
		}
		_, table, err := o.Answer(o.Text, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range table.Sections {
			if i := int(s.Mid[0] - '0'); s.Screen != c.screens[i] {
				t.Errorf("%s: the table has section %d as a screen: %v", c.name, i, s.Screen)
			}
		}
	}
}
