package signaling

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tilemix/mcu/control"
)

// errFrag is wrapped by every error of parseFrag.
var errFrag = errors.New("SDP fragment is malformed")

// fragment is the body of a PATCH: an SDP fragment (RFC 8840 §9).
type fragment struct {
	ufrag, pwd string // of the client; "": none
	candidates []control.CandidateInit
}

// parseFrag reads an SDP fragment. It ignores attributes that do not concern ICE.
// Candidates outside a media description belong to the first one.
func parseFrag(body string) (fragment, error) {
	var f fragment
	var mid *string
	lines := 0
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		lines++
		if len(line) < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=' {
			return fragment{}, fmt.Errorf("%w: line %d is not type=value", errFrag, lines)
		}
		name, value, _ := strings.Cut(line[2:], ":")
		switch {
		case line[0] == 'm':
			mid = nil
		case line[0] != 'a':
		case name == "mid":
			mid = new(value)
		case !f.take(name, value, mid):
			return fragment{}, fmt.Errorf("%w: line %d is not a valid candidate or credential", errFrag, lines)
		}
	}
	if len(f.candidates) == 0 && f.ufrag == "" {
		return fragment{}, fmt.Errorf("%w: the fragment has neither candidates nor credentials", errFrag)
	}
	for i := range f.candidates {
		if f.ufrag != "" {
			f.candidates[i].UsernameFragment = new(f.ufrag)
		}
	}
	return f, nil
}

// take reads an attribute of a media description. It returns false for an invalid
// candidate and for invalid credentials.
func (f *fragment) take(name, value string, mid *string) bool {
	switch name {
	case "ice-ufrag":
		f.ufrag = value
		return isICE(value, 4)
	case "ice-pwd":
		f.pwd = value
		return isICE(value, 22)
	case "candidate":
		f.candidates = append(f.candidates, candidate(name+":"+value, mid))
		return isCandidate(value)
	case "end-of-candidates":
		f.candidates = append(f.candidates, candidate("", mid))
	}
	return true
}

// isICE reports whether a credential has at least so many characters, at most 256, and
// only characters that ICE allows (RFC 8839 §5.4).
func isICE(credential string, least int) bool {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	return len(credential) >= least && len(credential) <= 256 && strings.Trim(credential, chars) == ""
}

// candidate is a candidate in the form of browsers; "" is the end of candidates. Without a
// mid it belongs to the first media description, which carries the bundle.
func candidate(text string, mid *string) control.CandidateInit {
	if mid == nil {
		return control.CandidateInit{Candidate: text, SDPMLineIndex: new(uint16)}
	}
	return control.CandidateInit{Candidate: text, SDPMid: mid}
}

// isCandidate checks the fixed part of a candidate (RFC 8839 §5.1). ICE decides whether it
// can use the transport, address and type.
func isCandidate(value string) bool {
	words := strings.Fields(value)
	if len(words) < 8 || words[6] != "typ" {
		return false
	}
	for _, i := range []int{1, 3, 5} { // component, priority, port
		if _, err := strconv.ParseUint(words[i], 10, 32); err != nil {
			return false
		}
	}
	return true
}

// ufrag is the first ICE user name fragment in an SDP.
func ufrag(sdp string) string {
	for line := range strings.Lines(sdp) {
		if value, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// withICE is an offer with the fragment's credentials instead of the offer's. It has no
// candidates, because those belong to the old credentials.
func withICE(offer string, f fragment) string {
	var b strings.Builder
	for line := range strings.Lines(offer) {
		switch name, _, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
		case "a=candidate", "a=end-of-candidates":
		case "a=ice-ufrag":
			b.WriteString("a=ice-ufrag:" + f.ufrag + "\r\n")
		case "a=ice-pwd":
			b.WriteString("a=ice-pwd:" + f.pwd + "\r\n")
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// answerFrag is the fragment with the server's new credentials and candidates. They are
// those of the answer's first media description, which carries the bundle.
func answerFrag(answer string) string {
	var head, media strings.Builder
	seen := 0
	for line := range strings.Lines(answer) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasPrefix(name, "m=") {
			name = "m="
			seen++
		}
		switch {
		case seen > 1:
		case name == "a=ice-lite" || name == "a=ice-options" || name == "a=ice-ufrag" || name == "a=ice-pwd":
			head.WriteString(line)
		case name == "m=" || name == "a=mid" || name == "a=candidate" || name == "a=end-of-candidates":
			media.WriteString(line)
		}
	}
	return head.String() + media.String()
}
