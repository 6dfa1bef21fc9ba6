package rtc_test

import (
	"testing"

	"tilemix/codec"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

// TestCodec connects clients of one codec or of both: they receive, in the order of
// their offers, the first that we speak, and the tracks of what they send say what
// it is.
func TestCodec(t *testing.T) {
	const h264 = "packetization-mode=1;profile-level-id=42e01f"
	for name, c := range map[string]struct {
		options  rtctest.Options
		up, down codec.Kind
	}{
		"H.264 alone":        {rtctest.Options{H264: h264}, codec.H264, codec.H264},
		"VP8 alone":          {rtctest.Options{VP8: true}, codec.VP8, codec.VP8},
		"both, VP8 first":    {rtctest.Options{VP8: true, H264: h264}, codec.VP8, codec.VP8},
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
