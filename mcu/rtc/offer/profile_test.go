package offer_test

import (
	"testing"

	"tilemix/mcu/rtc/offer"
)

// TestParameter finds parameters however clients space and spell them.
func TestParameter(t *testing.T) {
	for fmtp, want := range map[string]string{
		"profile-level-id=42e01f;packetization-mode=1":   "42e01f",
		"packetization-mode=1; Profile-Level-Id=42e01f ": "42e01f",
		"packetization-mode=1":                           "",
		"":                                               "",
	} {
		if got, ok := offer.Parameter(fmtp, "profile-level-id"); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", fmtp, got, ok)
		}
	}
}
