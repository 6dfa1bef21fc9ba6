// Package offer reads an SDP offer the way clients write them, and writes the answer that
// they expect. Between the two stands pion, which takes one form of offers only.
//
//	client's offer ── Read ──▶ Offer.Text ── pion ──▶ answer ── Offer.Answer ──▶ client's answer
//	                                                        └─ Offer.Table ──▶ package route
//
// Clients differ in what groups they name, in how they spell an H.264 profile, in whether they
// name SSRCs, rids or neither. The offer that pion gets has one BUNDLE group, a mid in each
// section, no SSRC and no rid. So an offer never decides how pion distributes packets: package
// route does that by the answer's own table, and an answer accepts nothing that route does not take.
package offer

import "errors"

var (
	// ErrBadSDP is returned for an offer that cannot be read or answered.
	ErrBadSDP = errors.New("bad SDP")
	// ErrNoCodec is returned for an offer without a codec in common. The wrapping text
	// says which attribute is refused, its value, and what would be taken.
	ErrNoCodec = errors.New("no codec in common")
	// ErrUnbundled is returned for an offer whose sections are not to share one transport. It is
	// an ErrNoCodec, because no other offer of that client's helps either (406).
	ErrUnbundled error = unbundled{}
)

type unbundled struct{}

func (unbundled) Error() string { return "the sections do not share one transport" }

func (unbundled) Is(target error) bool { return target == ErrNoCodec }
