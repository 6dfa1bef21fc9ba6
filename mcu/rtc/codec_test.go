package rtc_test

import (
	"strings"
	"testing"

	"tilemix/codec"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

// TestCodec connects clients of one codec or of both: they receive H.264 where they
// have it, whatever their offer begins with, and the tracks of what they send say what
// it is.
func TestCodec(t *testing.T) {
	const h264 = "packetization-mode=1;profile-level-id=42e01f"
	for name, c := range map[string]struct {
		options  rtctest.Options
		up, down codec.Kind
	}{
		"H.264 alone":        {rtctest.Options{H264: h264}, codec.H264, codec.H264},
		"VP8 alone":          {rtctest.Options{VP8: true}, codec.VP8, codec.VP8},
		"both, VP8 first":    {rtctest.Options{VP8: true, H264: h264}, codec.H264, codec.H264},
		"many, H.264 first":  {rtctest.Options{}, codec.H264, codec.H264},
		"H.264 of mode 0":    {rtctest.Options{VP8: true, H264: "packetization-mode=0"}, codec.VP8, codec.VP8},
		"baseline by itself": {rtctest.Options{H264: "packetization-mode=1"}, codec.H264, codec.H264},
	} {
		t.Run(name, func(t *testing.T) {
			came := make(chan codec.Kind, 1)
			p := newPeer(t, func(e *rtc.Events) { e.Video = func(t *rtc.Track) { came <- t.Codec() } })
			if k := p.Video().Codec(); k != 0 {
				t.Errorf("%v before anything is negotiated", k)
			}
			client := rtctest.New(t, c.options)
			connect(t, client, p)
			if got := p.Video().Codec(); got != c.down {
				t.Errorf("receives %v, not %v", got, c.down)
			}
			if got := p.Audio().Codec(); got != 0 {
				t.Errorf("sound is %v", got)
			}
			client.Video.Write(0, []byte{0x10, 1, 2, 3})
			if got := <-came; got != c.up {
				t.Errorf("sends %v, not %v", got, c.up)
			}
		})
	}
}

// TestCodecOfAnswer offers VP8 and H.264 in all orders, and again: what is answered at
// first is answered each time.
func TestCodecOfAnswer(t *testing.T) {
	rare := strings.Replace(both, "42001f", "58e01f", 1) // which pion knows by guess only
	repeats := strings.Replace(both, "96 102", "96 97 102 103", 1) + "|a=rtpmap:97 rtx/90000|a=fmtp:97 apt=96|a=rtpmap:103 rtx/90000|a=fmtp:103 apt=102"
	for name, c := range map[string]struct {
		offers []string
		want   string
	}{
		"both":                 {[]string{offer(opus, both), offer(opus, both)}, "102"},
		"an unusual profile":   {[]string{offer(opus, rare)}, "102"},
		"with retransmissions": {[]string{offer(opus, repeats)}, "102 103"},
		"H.264, then both":     {[]string{offer(opus, h264Base), offer(opus, both)}, "102"},
		"VP8, then both":       {[]string{offer(opus, vp8), offer(opus, both)}, "96"},
		"sound, then both":     {[]string{offer(opus), offer(opus, both)}, "102"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, nil)
			var answer string
			for _, o := range c.offers {
				var err error
				if answer, err = p.Offer(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			if want := "m=video 9 UDP/TLS/RTP/SAVPF " + c.want + "\r\n"; !strings.Contains(answer, want) {
				t.Errorf("no %q in\n%s", want, answer)
			}
		})
	}
}
