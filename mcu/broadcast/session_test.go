package broadcast

import (
	"errors"
	"math/rand/v2"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu"
)

// TestEqualParts has pictures of a clock that trembles, at the full rate and of a still room: parts are
// equally long. RFC 8216bis §4.4.4.9 lets them differ by 15 %, which the clock alone may need.
func TestEqualParts(t *testing.T) {
	for name, c := range map[string]struct{ rate, tremble int }{
		"moving": {30, 8}, "busy": {30, 24}, "still": {10, 8}, "half": {15, 12}, "steady": {30, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, Default())
			if _, _, err := s.Start("live", Options{}); err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(5, uint64(c.rate)))
			s.roll(9*time.Second, c.rate, func() time.Duration { return time.Duration(random.IntN(c.tremble)) * time.Millisecond })
			body, err := s.ask(s.media("video1"))
			if err != nil {
				t.Fatal(err)
			}
			least, most := time.Hour, time.Duration(0)
			parts := lines(body, "#EXT-X-PART:")
			for i, p := range parts[:len(parts)-1] {
				if strings.Contains(parts[i+1], "INDEPENDENT") { // the last of a segment may be shorter
					continue
				}
				d := seconds(t, regexp.MustCompile(`DURATION=([0-9.]+)`).FindStringSubmatch(p)[1])
				least, most = min(least, d), max(most, d)
			}
			if len(parts) < 8 || most-least > time.Millisecond {
				t.Errorf("%d parts are %v to %v long", len(parts), least, most)
			}
		})
	}
}

func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(s * float64(time.Second))
}

// TestSoundStaysWithPicture compares where segments have picture and sound of the same instants: neither
// drifts from the other, though pictures are put on a grid.
func TestSoundStaysWithPicture(t *testing.T) {
	s := newStage(t, Default())
	s.at = 42 * time.Minute // of the room
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	s.roll(12*time.Second, 30, func() time.Duration { return 5 * time.Millisecond })
	ends := map[string]time.Duration{}
	for kind, rate := range map[string]int64{"video1": ticks.Video, "audio2": pcm.Rate} {
		at := s.media(kind)
		body, err := s.ask(at)
		if err != nil {
			t.Fatal(err)
		}
		files := regexp.MustCompile(`(?m)^[^#\n]+\.mp4$`).FindAllString(body, -1)
		data, err := s.ask(path.Join(path.Dir(at), files[len(files)-1]))
		if err != nil {
			t.Fatal(err)
		}
		file, err := boxes.DecodeFile(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		first := file.Segments[0].Fragments[0].Moof.Traf
		ends[kind] = ticks.Duration(int64(first.Tfdt.BaseMediaDecodeTime()), rate)
	}
	// Both of a segment begin with the key frame, and sound in whole packets.
	if off := ends["video1"] - ends["audio2"]; off.Abs() > 45*time.Millisecond {
		t.Errorf("in the last segment, the picture begins %v after the sound", off)
	}
}

// TestNewParameterSets has the room's picture change its size, again and again. Each time a session
// begins under new names; those before it end, and the last two stay.
func TestNewParameterSets(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, width := range []int{160, 192, 160, 224} {
		s.resize(width, 90)
		s.roll(5*time.Second, 30, nil)
		all = append(all, s.media("video1"))
	}
	for i, at := range all {
		body, err := s.ask(at)
		switch {
		case i == 0:
			if !errors.Is(err, mcu.ErrNotFound) {
				t.Errorf("the first of four is still served: %v", err)
			}
		case err != nil:
			t.Errorf("session %d: %v", i, err)
		case strings.Contains(body, "#EXT-X-ENDLIST") != (i < len(all)-1):
			t.Errorf("session %d: %s", i, body)
		}
	}
	if a, b := path.Dir(all[0]), path.Dir(all[2]); a == b {
		t.Error("a size that comes again has the names of the first")
	}
}

// TestSameParameterSets: an IDR with the sets that the session has does not begin another.
func TestSameParameterSets(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	s.roll(4*time.Second, 30, nil)
	before := s.media("video1")
	s.resize(160, 90)
	s.roll(4*time.Second, 30, nil)
	if after := s.media("video1"); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// TestBrokenUnits has access units come that are none, or lack their parameter sets. They are left out,
// and the broadcast goes on.
func TestBrokenUnits(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	broken := [][]byte{nil, {0, 0, 0, 1}, {1, 2, 3}, {0, 0, 0, 1, 0x65, 0x88}, {0, 0, 0, 1, 0x67, 0x42}}
	send := func() {
		for _, au := range broken {
			b := s.sink.(*broadcast)
			b.Video(au, true, s.at)
			b.Audio(nil, s.at)
		}
	}
	send()
	s.roll(3*time.Second, 30, nil)
	send()
	s.roll(5*time.Second, 30, nil)
	body, err := s.ask(s.media("video1"))
	if err != nil || len(lines(body, "#EXTINF:")) < 2 {
		t.Errorf("%v, %s", err, body)
	}
}

// TestFirstIDR: sound that comes before the first picture begins nothing.
func TestFirstIDR(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	b := s.sink.(*broadcast)
	for range 50 {
		b.Audio(packet, s.at)
		s.at += 20 * time.Millisecond
	}
	if i, err := s.Get("live"); err != nil || i.State != Starting {
		t.Errorf("with sound alone it is %+v, %v", i, err)
	}
	s.roll(5*time.Second, 30, nil)
	s.media("audio2")
	if i, err := s.Get("live"); err != nil || i.State != On {
		t.Errorf("it is %+v, %v", i, err)
	}
}

// TestEndedPlaylist makes the last form of a playlist.
func TestEndedPlaylist(t *testing.T) {
	const before = "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART-INF:PART-TARGET=0.2\n" +
		"#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-PART:DURATION=0.2,URI=\"p1.mp4\"\n#EXTINF:2.0,\nseg1.mp4\n#EXT-X-PART:DURATION=0.2,URI=\"p2.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p3.mp4\"\n"
	const want = "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2.0,\nseg1.mp4\n#EXT-X-ENDLIST\n"
	if got := ended(before); got != want {
		t.Errorf("it is %q", got)
	}
}

// TestParsePicture: an IDR needs parameter sets.
func TestParsePicture(t *testing.T) {
	s := newStage(t, Default())
	s.enc.ForceKeyFrame()
	au, err := s.enc.Encode(codectest.Picture(160, 90, 0), 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parse(unit(au.Data, true))
	if err != nil || len(p.all) < 3 || p.sps == nil || p.pps == nil {
		t.Errorf("%d NAL units, %v", len(p.all), err)
	}
	for name, c := range map[string]struct {
		data []byte
		key  bool
		err  error
	}{
		"empty":          {nil, false, errNoUnits},
		"start code":     {[]byte{0, 0, 0, 1}, true, errNoUnits},
		"slice":          {[]byte{0, 0, 1, 0x41, 1}, false, nil},
		"IDR alone":      {[]byte{0, 0, 1, 0x65, 1}, true, errNoParameters},
		"IDR, no PPS":    {[]byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 1}, true, errNoParameters},
		"with both sets": {[]byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 1}, true, nil},
	} {
		if _, err := parse(unit(c.data, c.key)); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStereo has the mix of a room with two channels: players are told so before they play.
func TestStereo(t *testing.T) {
	for _, channels := range []int{1, 2} {
		s := newStage(t, Default())
		s.channels = channels
		if _, _, err := s.Start("live", Options{}); err != nil {
			t.Fatal(err)
		}
		s.roll(3*time.Second, 30, func() time.Duration { return 0 })
		at := s.media("audio2")
		body, err := s.ask(at)
		if err != nil {
			t.Fatal(err)
		}
		uri := regexp.MustCompile(`EXT-X-MAP:URI="([^"]+)"`).FindStringSubmatch(body)
		data, err := s.ask(path.Join(path.Dir(at), uri[1]))
		if err != nil {
			t.Fatal(err)
		}
		file, err := boxes.DecodeFile(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd.Opus.Dops.OutputChannelCount; int(got) != channels {
			t.Errorf("it says %d channels, not %d", got, channels)
		}
	}
}
