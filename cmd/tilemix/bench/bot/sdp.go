package bot

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The payload types and header extensions of the offer. Answers keep them.
const (
	audioPT   = 111
	videoPT   = 102
	levelExt  = 1 // RFC 6464
	numberExt = 3 // transport-wide sequence number
)

// credentials are one side's for ICE, and the fingerprint of its certificate.
type credentials struct {
	ufrag, password, fingerprint string
}

// offer returns an offer like a browser's. The arguments video and audio are the SSRCs of
// the streams that the bot sends.
func offer(o *Options, local credentials, video, audio uint32) string {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\r\n", args...) }
	direction, mids := "sendrecv", "0"
	if o.Viewer {
		direction = "recvonly"
	} else if o.Publisher {
		direction = "sendonly"
	}
	if !o.NoPicture {
		mids += " 1"
	}
	if o.control() {
		mids += " 2"
	}
	line("v=0\r\no=- %d 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE %s\r\na=msid-semantic: WMS *", video, mids)
	common := func(mid int) {
		line("c=IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:%d",
			local.ufrag, local.password, local.fingerprint, mid)
	}
	media := func(mid int, kind string, ssrc uint32) {
		common(mid)
		line("a=%s\r\na=rtcp-mux\r\na=extmap:%d http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", direction, numberExt)
		if !o.Viewer {
			line("a=msid:bot %s\r\na=ssrc:%d cname:%s", kind, ssrc, local.ufrag)
		}
	}
	line("m=audio 9 UDP/TLS/RTP/SAVPF %d", audioPT)
	media(0, "audio", audio)
	line("a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level", levelExt)
	line("a=rtpmap:%d opus/48000/2\r\na=fmtp:%d minptime=10;useinbandfec=1;usedtx=1\r\na=rtcp-fb:%d transport-cc", audioPT, audioPT, audioPT)
	if !o.NoPicture {
		line("m=video 9 UDP/TLS/RTP/SAVPF %d", videoPT)
		media(1, "video", video)
		line("a=rtpmap:%d H264/90000", videoPT)
		line("a=fmtp:%d level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", videoPT)
		for _, feedback := range []string{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"} {
			line("a=rtcp-fb:%d %s", videoPT, feedback)
		}
	}
	if o.control() {
		line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
		common(2)
		line("a=sctp-port:5000\r\na=max-message-size:262144")
	}
	return s.String()
}

// answered is the part of an answer that a bot needs.
type answered struct {
	credentials
	server netip.AddrPort
	active bool // the server begins the DTLS handshake
}

var errAnswer = errors.New("the answer has no ICE credentials, fingerprint or candidate on the loopback address")

// readAnswer reads an answer. All sections say the same of the transport, because all
// media are bundled.
func readAnswer(sdp string) (answered, error) {
	var a answered
	for lines := bufio.NewScanner(strings.NewReader(sdp)); lines.Scan(); {
		key, value, _ := strings.Cut(strings.TrimRight(lines.Text(), "\r"), ":")
		switch key {
		case "a=ice-ufrag":
			a.ufrag = value
		case "a=ice-pwd":
			a.password = value
		case "a=fingerprint":
			if kind, digest, _ := strings.Cut(value, " "); strings.EqualFold(kind, "sha-256") {
				a.fingerprint = strings.ToUpper(digest)
			}
		case "a=setup":
			a.active = value == "active"
		case "a=candidate":
			if at, ok := loopback(value); ok {
				a.server = at
			}
		}
	}
	if a.ufrag == "" || a.password == "" || a.fingerprint == "" || !a.server.IsValid() {
		return a, errAnswer
	}
	return a, nil
}

// loopback reads a candidate (RFC 8839 §5.1). It returns false unless the candidate is
// UDP on an IPv4 loopback address.
func loopback(candidate string) (netip.AddrPort, bool) {
	f := strings.Fields(candidate)
	if len(f) < 6 || f[1] != "1" || !strings.EqualFold(f[2], "udp") {
		return netip.AddrPort{}, false
	}
	ip, err := netip.ParseAddr(f[4])
	if err != nil || !ip.Is4() || !ip.IsLoopback() {
		return netip.AddrPort{}, false
	}
	port, err := strconv.ParseUint(f[5], 10, 16)
	return netip.AddrPortFrom(ip, uint16(port)), err == nil
}
