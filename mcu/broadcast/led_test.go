package broadcast

import "testing"

// TestLed puts a folder before the files of a playlist, and not before the other playlist.
func TestLed(t *testing.T) {
	const list = `#EXTM3U
#EXT-X-MAP:URI="ab_video1_init.mp4"
#EXTINF:2.0,
ab_video1_seg7.mp4
#EXT-X-PART:DURATION=0.2,URI="ab_video1_part1.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="ab_video1_part2.mp4"

#EXT-X-RENDITION-REPORT:URI="audio2_stream.m3u8",LAST-MSN=7,LAST-PART=1
`
	const want = `#EXTM3U
#EXT-X-MAP:URI="../../../x/ab_video1_init.mp4"
#EXTINF:2.0,
../../../x/ab_video1_seg7.mp4
#EXT-X-PART:DURATION=0.2,URI="../../../x/ab_video1_part1.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../../x/ab_video1_part2.mp4"

#EXT-X-RENDITION-REPORT:URI="audio2_stream.m3u8",LAST-MSN=7,LAST-PART=1
`
	if got := led(list, "../../../x/"); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := led("", "../"); got != "" {
		t.Errorf("nothing becomes %q", got)
	}
}
