package offer

import "testing"

// TestChannels answers what clients say of their own sound (RFC 7587 §7) with what the server takes
// and sends.
func TestChannels(t *testing.T) {
	for _, c := range []struct{ fmtp, mono, stereo string }{
		{"", "", "stereo=1"},
		{"minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1;stereo=1"},
		{"minptime=10; stereo=1; useinbandfec=1", "minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"},
		{"Stereo=0;sprop-stereo=1", "", "stereo=1"},
		{"stereo=1;sprop-stereo=1;", "", "stereo=1;sprop-stereo=1"},
	} {
		if got := channels(c.fmtp, false); got != c.mono {
			t.Errorf("%q is answered with %q, not %q", c.fmtp, got, c.mono)
		}
		if got := channels(c.fmtp, true); got != c.stereo {
			t.Errorf("%q is answered with %q in stereo, not %q", c.fmtp, got, c.stereo)
		}
	}
}
