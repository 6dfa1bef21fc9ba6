package offer

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
)

// hashes are the lengths of the fingerprints that each hash makes, in bytes (RFC 8122 §5).
var hashes = map[string]int{"md5": 16, "sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}

// checkFingerprints finds certificates' fingerprints that no certificate can have. A client with one
// would connect by ICE, and then fail in DTLS without a word.
func checkFingerprints(desc *sdp.SessionDescription) error {
	for attributes := range levels(desc) {
		for _, a := range *attributes {
			if a.Key != "fingerprint" {
				continue
			}
			hash, digits, _ := strings.Cut(strings.TrimSpace(a.Value), " ")
			sum, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), ":", ""))
			want, known := hashes[strings.ToLower(hash)]
			switch {
			case err != nil:
				return fmt.Errorf("%w: the digits of a=fingerprint:%.20s are not hexadecimal", ErrBadSDP, hash)
			case known && len(sum) != want:
				return fmt.Errorf("%w: a=fingerprint:%s has %d bytes; that hash makes %d", ErrBadSDP, hash, len(sum), want)
			}
		}
	}
	return nil
}

// checkNames finds sections that have one name, so that nobody can tell which a stream is of (RFC 5888 §6).
func checkNames(sections []*section) error {
	seen := map[string]bool{}
	for _, s := range sections {
		if s.hadMid && s.wanted && seen[s.mid] {
			return fmt.Errorf("%w: two sections have a=mid:%.32s; each needs a name of its own", ErrBadSDP, s.mid)
		}
		seen[s.mid] = seen[s.mid] || s.hadMid && s.wanted
	}
	return nil
}
