package offer

import (
	"errors"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

// FuzzRead reads any offer. What is taken is an SDP with as many sections, and can be
// answered; what is refused has one of the errors that callers tell apart.
func FuzzRead(f *testing.F) {
	for _, lines := range []string{
		"a=group:BUNDLE 0 1|" + opusLines + "|a=mid:0|" + h264Lines + "|a=mid:1",
		"a=group:BUNDLE 0|" + vp8Lines + "|a=mid:0|a=rid:h send|a=rid:l send|a=simulcast:send h;l|a=extmap:4 " + uriMid + "|a=extmap:5 " + uriStreamID,
		opusLines + "|a=ssrc-group:FID 7 8|a=ssrc:7 cname:x|a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
	} {
		f.Add("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + strings.ReplaceAll(ice+lines+"|", "|", "\r\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := Read(text, 0)
		if err != nil {
			if !errors.Is(err, ErrBadSDP) && !errors.Is(err, ErrNoCodec) && !errors.Is(err, ErrUnbundled) {
				t.Errorf("another error: %v", err)
			}
			return
		}
		var seen sdp.SessionDescription
		if err := seen.UnmarshalString(o.Text); err != nil {
			t.Fatalf("what is taken is no SDP: %v\n%q", err, o.Text)
		}
		answer, table, err := o.Answer(o.Text, false)
		if err != nil {
			t.Fatalf("what is taken cannot be answered: %v\n%q", err, o.Text)
		}
		if n := strings.Count(answer, "m="); n < len(table.Sections) {
			t.Errorf("%d sections for %d of the table", n, len(table.Sections))
		}
	})
}
