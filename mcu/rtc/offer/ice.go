package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// maxCredential is the length of the longest ICE credential, minUfrag and minPassword that of the
// shortest, in characters (RFC 8839 §5.4). Each check that the server sends has the client's in it.
const maxCredential, minUfrag, minPassword = 256, 4, 22

// iceChars are the characters of ICE credentials (RFC 8839 §5.4, ice-char).
const iceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// checkICE finds credentials that ICE does not allow, and clients that send no checks.
func checkICE(desc *sdp.SessionDescription) error {
	for attributes := range levels(desc) {
		for _, a := range *attributes {
			least := map[string]int{"ice-ufrag": minUfrag, "ice-pwd": minPassword}[a.Key]
			switch {
			case least > 0 && (len(a.Value) < least || len(a.Value) > maxCredential):
				return fmt.Errorf("%w: a=%s has %d characters; ICE allows %d to %d", ErrBadSDP, a.Key, len(a.Value), least, maxCredential)
			case least > 0 && strings.Trim(a.Value, iceChars) != "":
				return fmt.Errorf("%w: a=%s has characters other than letters, digits, + and /", ErrBadSDP, a.Key)
			case a.Key == "ice-lite":
				return fmt.Errorf("%w: a=ice-lite says that the client sends no checks; the server waits for them, so offer full ICE", ErrBadSDP)
			}
		}
	}
	return nil
}

// withoutCandidates returns an offer without the lines that name addresses, and how many there were.
// An offer of hundreds of them costs no more to read than one without.
func withoutCandidates(text string) (kept string, dropped int) {
	const line = "a=candidate:"
	if !strings.Contains(text, line) {
		return text, 0
	}
	var b strings.Builder
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, line) {
			dropped++
		} else {
			b.WriteString(l)
		}
	}
	return b.String(), dropped
}

// dropCandidates takes all addresses out that a client names, and returns how many there were.
// The server learns a client's address from the client's own checks, which prove that the client
// is there. Whatever an offer names might be somebody else.
func dropCandidates(desc *sdp.SessionDescription) (dropped int) {
	for attributes := range levels(desc) {
		*attributes = slices.DeleteFunc(*attributes, func(a sdp.Attribute) bool {
			if a.Key == "candidate" {
				dropped++
			}
			return a.Key == "candidate" || a.Key == "end-of-candidates" || a.Key == "remote-candidates"
		})
	}
	return dropped
}

// levels yields the attributes of the session and of each section.
func levels(desc *sdp.SessionDescription) func(yield func(*[]sdp.Attribute) bool) {
	return func(yield func(*[]sdp.Attribute) bool) {
		if !yield(&desc.Attributes) {
			return
		}
		for _, m := range desc.MediaDescriptions {
			if !yield(&m.Attributes) {
				return
			}
		}
	}
}
