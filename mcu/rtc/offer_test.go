package rtc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pion/sdp/v3"

	"tilemix/codec/h264"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	poll.Main(m)
}

const (
	opus     = "m=audio 9 UDP/TLS/RTP/SAVPF 111|a=rtpmap:111 opus/48000/2|a=fmtp:111 minptime=10;useinbandfec=1"
	pcmu     = "m=audio 9 UDP/TLS/RTP/SAVPF 0|a=rtpmap:0 PCMU/8000"
	h264Base = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000|a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	h264High = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000|a=fmtp:102 profile-level-id=640C1F;packetization-mode=1"
	h264Mode = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000|a=fmtp:102 packetization-mode=0;profile-level-id=42e01f"
	h264Bare = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000"
	h264444  = "m=video 9 UDP/TLS/RTP/SAVPF 102|a=rtpmap:102 H264/90000|a=fmtp:102 packetization-mode=1;profile-level-id=f4001f"
	vp8      = "m=video 9 UDP/TLS/RTP/SAVPF 96|a=rtpmap:96 VP8/90000"
	both     = "m=video 9 UDP/TLS/RTP/SAVPF 96 102|a=rtpmap:96 VP8/90000|a=rtpmap:102 H264/90000|a=fmtp:102 packetization-mode=1;profile-level-id=42001f"
	data     = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel|a=sctp-port:5000"
)

// offer makes an SDP offer of media sections.
func offer(sections ...string) string {
	lines := []string{"v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"}
	group := "a=group:BUNDLE"
	for i := range sections {
		group += fmt.Sprint(" ", i)
	}
	lines = append(lines, group)
	for i, section := range sections {
		own := strings.Split(section, "|")
		lines = append(lines, own[0], "c=IN IP4 0.0.0.0", fmt.Sprint("a=mid:", i), "a=rtcp-mux",
			"a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=setup:actpass",
			"a=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
		lines = append(lines, own[1:]...)
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// newPeer returns a peer whose events go nowhere, or to changed ones.
func newPeer(t *testing.T, change func(*rtc.Events)) *rtc.Peer {
	t.Helper()
	_, p := newServer(t, change)
	return p
}

// newServer returns a peer and the API that it is of.
func newServer(t *testing.T, change func(*rtc.Events)) (*rtc.API, *rtc.Peer) {
	t.Helper()
	api, err := rtc.NewAPI(rtc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func() {}
	events := rtc.Events{
		Video: func(*rtc.Track) {}, Audio: func(*rtc.Track) {}, Control: func([]byte) {},
		KeyFrame: nothing, ControlOpen: nothing, ControlClosed: nothing, Connected: nothing, Failed: nothing, Ended: nothing,
	}
	if change != nil {
		change(&events)
	}
	p, err := api.NewPeer(events)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() { api.Run(ctx) })
	t.Cleanup(func() {
		p.Close()
		stop()
		sending.Wait()
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	return api, p
}

// TestOffer answers offers of all kinds, or says why it does not.
func TestOffer(t *testing.T) {
	with := func(section, attribute string) string { return section + "|a=" + attribute }
	profile := func(id string) string { return offer(opus, strings.Replace(h264Base, "42e01f", id, 1)) }
	const taken = "audio sendrecv, video sendrecv"
	for _, c := range []struct {
		name, offer string
		is          error
		says        string
		answer      string // kind, port and direction of each section
	}{
		{"whole participant", offer(with(opus, "sendrecv"), with(h264Base, "sendrecv")), nil, "", "audio sendrecv, video sendrecv"},
		{"no direction", offer(opus, h264Base), nil, "", "audio sendrecv, video sendrecv"},
		{"publisher", offer(with(opus, "sendonly"), with(h264Base, "sendonly")), nil, "", "audio recvonly, video recvonly"},
		{"viewer", offer(with(opus, "recvonly"), with(h264Base, "recvonly")), nil, "", "audio sendonly, video sendonly"},
		{"without a camera", offer(with(opus, "sendrecv"), with(h264Base, "recvonly")), nil, "", "audio sendrecv, video sendonly"},
		{"inactive", offer(with(opus, "inactive"), with(h264Base, "inactive")), nil, "", "audio inactive, video inactive"},
		{"sound alone", offer(opus), nil, "", "audio sendrecv"},
		{"picture alone", offer(h264Base), nil, "", "video sendrecv"},
		{"picture first", offer(h264Base, opus), nil, "", "video sendrecv, audio sendrecv"},
		{"with data channel", offer(opus, h264Base, data), nil, "", "audio sendrecv, video sendrecv, application sendrecv"},
		{"high profile", offer(opus, h264High), nil, "", "audio sendrecv, video sendrecv"},
		{"constrained baseline of x264", profile("42c01f"), nil, "", taken},
		{"constrained baseline of level 1b", profile("42f00b"), nil, "", taken},
		{"baseline that main reads", profile("42801f"), nil, "", taken},
		{"main", profile("4D401F"), nil, "", taken},
		{"main that is baseline", profile("4d801f"), nil, "", taken},
		{"extended that is constrained baseline", profile("58e01f"), nil, "", taken},
		{"extended that is baseline", profile("58a01f"), nil, "", taken},
		{"no profile", offer(opus, strings.Replace(h264Base, ";profile-level-id=42e01f", "", 1)), nil, "", taken},
		{"mode 0 first", offer(opus, strings.Replace(h264Mode, "102", "102 103", 1)+
			"|a=rtpmap:103 h264/90000|a=fmtp:103 packetization-mode=1; profile-level-id=42801f"), nil, "", taken},
		{"VP8 alone", offer(opus, vp8), nil, "", taken},
		{"VP8 and H.264 of mode 0", offer(opus, strings.Replace(h264Mode, "102", "102 96", 1)+"|a=rtpmap:96 VP8/90000"), nil, "", taken},
		{"VP8 too", offer(opus, both), nil, "", "audio sendrecv, video sendrecv"},
		{"bundle-only", offer(opus, with(strings.Replace(h264Base, "video 9", "video 0", 1), "bundle-only")), nil, "", "audio sendrecv, video sendrecv"},
		{"picture refused by the client", offer(opus, strings.NewReplacer("video 9", "video 0", "VP8", "VP9").Replace(vp8)), nil, "", "audio sendrecv, video rejected"},

		{"a second picture to see", offer(opus, h264Base, with(h264Base, "recvonly")), nil, "", taken + ", video sendonly"},
		{"a second camera that ended", offer(opus, with(h264Base, "inactive"), h264Base), nil, "", "audio sendrecv, video inactive, video sendrecv"},
		{"three cameras", offer(opus, h264Base, with(h264Base, "sendonly"), with(h264Base, "sendonly")), rtc.ErrBadSDP, "more video than", ""},
		{"one name twice", strings.ReplaceAll(offer(opus, h264Base), "a=mid:1", "a=mid:0"), rtc.ErrBadSDP, "two sections have a=mid:0", ""},
		{"three microphones", offer(with(opus, "sendonly"), h264Base, opus, opus), rtc.ErrBadSDP, "more audio than", ""},
		{"two screens and a camera", offer(opus, with(h264Base, "content:slides"), with(h264Base, "content:slides")), rtc.ErrBadSDP, "more video than", ""},
		{"a camera and a screen", offer(opus, h264Base, with(h264Base, "sendonly")), nil, "", taken + ", video recvonly"},
		{"VP9 alone", offer(opus, strings.Replace(vp8, "VP8", "VP9", 1)), rtc.ErrNoCodec, "has VP9/90000", ""},
		{"no Opus", offer(pcmu, h264Base), rtc.ErrNoCodec, "PCMU/8000", ""},
		{"packetization-mode 0", offer(opus, h264Mode), rtc.ErrNoCodec, "packetization-mode=1", ""},
		{"no packetization-mode", offer(opus, h264Bare), rtc.ErrNoCodec, "packetization-mode=1", ""},
		{"packetization-mode 0 of a sender", offer(opus, with(h264Mode, "sendonly")), nil, "", "audio sendrecv, video recvonly"},
		{"no packetization-mode of a sender", offer(opus, with(h264Bare, "sendonly")), nil, "", "audio sendrecv, video recvonly"},
		{"no such mode", offer(opus, strings.Replace(h264Base, "mode=1", "mode=10", 1)), rtc.ErrNoCodec, "packetization-mode=10", ""},
		{"mode of another codec", offer(opus, h264Bare+"|a=rtpmap:103 H265/90000|a=fmtp:103 packetization-mode=1"), rtc.ErrNoCodec, "packetization-mode=0", ""},
		{"extended", profile("58001f"), rtc.ErrNoCodec, "profile-level-id=58001f", ""},
		{"main and extended", profile("4d201f"), nil, "", taken},
		{"High 10", profile("6e001f"), rtc.ErrNoCodec, "profile-level-id=6e001f", ""},
		{"reserved bits", profile("42e11f"), nil, "", taken},
		{"profile cut off", profile("42e0"), nil, "", taken},
		{"profile of no hex", profile("42e0xx"), nil, "", taken},
		{"profile of seven digits", profile("422001f"), nil, "", taken},
		{"High 4:4:4", offer(opus, h264444), rtc.ErrNoCodec, "profile-level-id=f4001f", ""},

		{"empty", "", rtc.ErrBadSDP, "", ""},
		{"garbage", "hello", rtc.ErrBadSDP, "", ""},
		{"JSON", `{"sdp":"v=0"}`, rtc.ErrBadSDP, "", ""},
		{"no media", offer(), rtc.ErrBadSDP, "neither audio nor video", ""},
		{"data alone", offer(data), rtc.ErrBadSDP, "neither audio nor video", ""},
		{"no fingerprint", strings.ReplaceAll(offer(opus, h264Base), "a=fingerprint", "a=nothing"), rtc.ErrBadSDP, "", ""},
		{"no ICE", strings.ReplaceAll(offer(opus, h264Base), "a=ice-", "a=x-"), rtc.ErrBadSDP, "", ""},
		{"bad codec", strings.Replace(offer(opus, h264Base), "opus/48000/2", "opus/48000/two", 1), nil, "", ""},
		{"cut off", offer(opus, h264Base)[:200], rtc.ErrBadSDP, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := newPeer(t, nil).Offer(t.Context(), c.offer)
			if c.answer == "" {
				if c.is == nil && err == nil {
					return // either way
				}
				if c.is == nil {
					c.is = rtc.ErrBadSDP
				}
				if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, not %v with %q", err, c.is, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, answer); got != c.answer {
				t.Errorf("answer %q, not %q\n%s", got, c.answer, answer)
			}
			if !strings.Contains(answer, "127.0.0.1") {
				t.Error("the answer has no loopback candidate")
			}
		})
	}
}

// describe lists an answer's sections and their directions.
func describe(t *testing.T, answer string) string {
	t.Helper()
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range desc.MediaDescriptions {
		direction := "sendrecv"
		for _, d := range []string{"sendonly", "recvonly", "inactive"} {
			if _, ok := m.Attribute(d); ok {
				direction = d
			}
		}
		if m.MediaName.Port.Value == 0 {
			direction = "rejected"
		}
		out = append(out, m.MediaName.Media+" "+direction)
	}
	return strings.Join(out, ", ")
}

// TestOfferAgain renegotiates a peer that has refused before.
func TestOfferAgain(t *testing.T) {
	p := newPeer(t, nil)
	for _, bad := range []string{"", offer(pcmu, vp8), strings.ReplaceAll(offer(opus, h264Base), "a=ice-", "a=x-")} {
		if _, err := p.Offer(t.Context(), bad); err == nil {
			t.Error("a bad offer was answered")
		}
	}
	for range 2 {
		if _, err := p.Offer(t.Context(), offer(opus, h264Base)); err != nil {
			t.Error(err)
		}
	}
	if p.Audio().Ready() || p.Video().Ready() {
		t.Error("downlinks are ready and nobody is there")
	}
}

// TestCandidate adds candidates, good and bad.
func TestCandidate(t *testing.T) {
	p := newPeer(t, nil)
	if _, err := p.Offer(t.Context(), offer(opus, h264Base)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		candidate string
		bad       bool
	}{
		{"candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", false},
		{"", false},
		{"candidate:nonsense", true},
		{"candidate:1 1 udp x 127.0.0.1 9 typ host", true},
	} {
		if err := p.AddCandidate(c.candidate); (err != nil) != c.bad || c.bad && !errors.Is(err, rtc.ErrBadSDP) {
			t.Errorf("%q: %v", c.candidate, err)
		}
	}
}

// TestEnded closes connections from both ends, connected and not: Ended is
// called once.
func TestEnded(t *testing.T) {
	for _, who := range []string{"nobody connects", "server", "client"} {
		t.Run(who, func(t *testing.T) {
			ended, connected := make(chan struct{}, 10), make(chan struct{}, 10)
			p := newPeer(t, func(e *rtc.Events) {
				e.Ended = func() { ended <- struct{}{} }
				e.Connected = func() { connected <- struct{}{} }
			})
			if who != "nobody connects" {
				c := rtctest.New(t, rtctest.Options{})
				connect(t, c, p)
				<-connected
				if !p.Audio().Ready() || !p.Video().Waits() {
					t.Error("connected, and the downlinks are not ready")
				}
				if who == "client" {
					c.Close()
					<-ended
					ended <- struct{}{}
				}
			}
			p.Close()
			p.Close()
			if len(ended) != 1 {
				t.Errorf("Ended was called %d times", len(ended))
			}
		})
	}
}

// FuzzOffer reads anything as an offer.
func FuzzOffer(f *testing.F) {
	f.Add(offer(opus, h264Base))
	f.Add(offer(opus, vp8))
	f.Add("v=0\r\nm=video 0 x 0\r\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		if err := rtc.CheckOffer(sdp); err != nil && !errors.Is(err, rtc.ErrBadSDP) && !errors.Is(err, rtc.ErrNoCodec) {
			t.Errorf("error of no kind: %v", err)
		}
	})
}

// TestCheckOffer: nobody joins with an offer of which nothing is to flow. A connection that stands may
// offer it.
func TestCheckOffer(t *testing.T) {
	idle := offer(opus+"|a=inactive", h264Base+"|a=inactive")
	if err := rtc.CheckOffer(idle); !errors.Is(err, rtc.ErrBadSDP) || !strings.Contains(err.Error(), "a=inactive") {
		t.Errorf("all inactive: %v", err)
	}
	if err := rtc.CheckOffer(offer(opus+"|a=inactive", h264Base+"|a=recvonly")); err != nil {
		t.Errorf("a picture to see: %v", err)
	}
}
