package offer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"pgregory.net/rapid"

	"tilemix/codec"
)

// drawn is one section of an offer that a test makes.
type drawn struct {
	kind, direction string
	slides, refused bool // refused: its port is 0
}

func (d drawn) sends() bool {
	return !d.refused && (d.direction == "sendrecv" || d.direction == "sendonly" || d.direction == "")
}

func (d drawn) receives() bool {
	return !d.refused && (d.direction == "sendrecv" || d.direction == "recvonly" || d.direction == "")
}

// text is an offer of sections, all in one bundle but those with port 0.
func text(t interface{ Fatal(...any) }, all []drawn) string {
	var mids []string
	lines := ""
	for i, d := range all {
		s := map[string]string{"audio": opusLines, "video": h264Lines}[d.kind]
		if d.refused {
			s = strings.Replace(s, " 9 ", " 0 ", 1)
		} else {
			mids = append(mids, fmt.Sprint("m", i))
		}
		if d.direction != "" {
			s += "|a=" + d.direction
		}
		if d.slides {
			s += "|a=content:slides"
		}
		lines += fmt.Sprintf("|%s|a=mid:m%d", s, i)
	}
	var desc sdp.SessionDescription
	whole := "v=0|o=- 1 2 IN IP4 127.0.0.1|s=-|t=0 0|" + ice + "a=group:BUNDLE " + strings.Join(mids, " ") + lines + "|"
	if err := desc.UnmarshalString(strings.ReplaceAll(whole, "|", "\r\n")); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(whole, "|", "\r\n")
}

// screensOf says which sections are screens, and false where the server refuses the offer: a kind has one
// camera or microphone and one screen at most, and of two that do not say what they are the second
// is the screen.
func screensOf(all []drawn) (screens []int, ok bool) {
	for _, kind := range []string{"audio", "video"} {
		var slides, plain []int
		for i, d := range all {
			switch {
			case d.kind != kind || !d.sends():
			case d.slides:
				slides = append(slides, i)
			default:
				plain = append(plain, i)
			}
		}
		if len(slides) > 1 || len(slides)+len(plain) > 2 {
			return nil, false
		}
		if screens = append(screens, slides...); len(plain) == 2 {
			screens = append(screens, plain[1])
		}
	}
	slices.Sort(screens)
	return screens, true
}

// judge reads an offer of sections and compares what becomes of it with what should.
func judge(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, all []drawn,
) {
	usable := slices.ContainsFunc(all, func(d drawn) bool { return !d.refused })
	screens, ok := screensOf(all)
	o, err := Read(text(t, all), 0)
	if !ok || !usable {
		if !errors.Is(err, ErrBadSDP) {
			t.Fatalf("%+v: %v", all, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%+v: %v", all, err)
	}
	wants := func(kind string) bool {
		return slices.ContainsFunc(all, func(d drawn) bool { return d.kind == kind && d.receives() })
	}
	flows := slices.ContainsFunc(all, func(d drawn) bool { return d.sends() || d.receives() })
	if o.Audio != wants("audio") || o.Video != wants("video") || o.Flows() != flows {
		t.Fatalf("%+v: wants sound %v, pictures %v, flows %v", all, o.Audio, o.Video, o.Flows())
	}
	answer, table, err := o.Answer(o.Text, false)
	if err != nil {
		t.Fatalf("%+v: %v", all, err)
	}
	at := 0
	for i, d := range all {
		if !d.sends() {
			continue
		}
		s := table.Sections[at]
		at++
		if s.Mid != fmt.Sprint("m", i) || s.Video != (d.kind == "video") || s.Screen != slices.Contains(screens, i) {
			t.Fatalf("%+v: section %d is %+v", all, i, s)
		}
		if f, ok := s.Formats[102]; d.kind == "video" && (!ok || f.Codec != codec.H264 || f.Rate != 90000) {
			t.Fatalf("%+v: section %d has %+v", all, i, s.Formats)
		}
	}
	if len(table.Sections) != at {
		t.Fatalf("%+v: %d sections of %d that send", all, len(table.Sections), at)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil || len(desc.MediaDescriptions) != len(all) {
		t.Fatalf("%+v: the answer has %d sections: %v", all, len(desc.MediaDescriptions), err)
	}
}

// TestTwoPictures offers two pictures in every direction and order, each a screen or not, refused or not.
func TestTwoPictures(t *testing.T) {
	var each []drawn
	for _, direction := range []string{"", "sendrecv", "sendonly", "recvonly", "inactive"} {
		for _, slides := range []bool{false, true} {
			each = append(each, drawn{"video", direction, slides, false}, drawn{"video", direction, slides, true})
		}
	}
	for _, one := range each {
		for _, other := range each {
			judge(t, []drawn{one, other})
		}
	}
}

// TestAnySections offers sound and pictures in any number and order.
func TestAnySections(t *testing.T) {
	section := rapid.Custom(func(t *rapid.T) drawn {
		return drawn{
			kind:      rapid.SampledFrom([]string{"audio", "video"}).Draw(t, "kind"),
			direction: rapid.SampledFrom([]string{"", "sendrecv", "sendonly", "recvonly", "inactive"}).Draw(t, "direction"),
			slides:    rapid.Bool().Draw(t, "slides"), refused: rapid.IntRange(0, 4).Draw(t, "refused") == 0,
		}
	})
	rapid.Check(t, func(t *rapid.T) { judge(t, rapid.SliceOfN(section, 1, 6).Draw(t, "sections")) })
}

// TestScreenCodecs has a camera and a screen with codecs of their own: pictures are of H.264 where one
// has it, and what neither speaks is refused whichever comes first.
func TestScreenCodecs(t *testing.T) {
	av1 := "m=video 9 UDP/TLS/RTP/SAVPF 45|a=rtpmap:45 AV1/90000"
	for _, c := range []struct {
		one, other string
		want       codec.Kind
		fails      error
	}{
		{h264Lines, h264Lines, codec.H264, nil},
		{vp8Lines, vp8Lines, codec.VP8, nil},
		{vp8Lines, h264Lines, codec.H264, nil},
		{h264Lines, vp8Lines, codec.H264, nil},
		{h264Lines, av1, 0, ErrNoCodec},
		{av1, vp8Lines, 0, ErrNoCodec},
		{strings.Replace(av1, "video 9", "video 0", 1), vp8Lines, codec.VP8, nil},
	} {
		group := "a=group:BUNDLE 0 1|"
		if strings.Contains(c.one, "video 0") {
			group = "a=group:BUNDLE 1|"
		}
		sdp, err := described(t, group+c.one+"|a=mid:0|"+c.other+"|a=mid:1|a=sendonly").Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(string(sdp), 0)
		if !errors.Is(err, c.fails) || err == nil && o.Picture != c.want {
			t.Errorf("%s and %s: %v", c.one, c.other, err)
		}
	}
}

// TestScreenLayers has a camera in layers and a screen in one stream, in both orders: each keeps its own,
// with the numbers by which packets name them.
func TestScreenLayers(t *testing.T) {
	camera := h264Lines + "|a=sendrecv|a=extmap:4 " + uriMid + "|a=extmap:10 " + uriStreamID + "|a=extmap:11 " + uriRepaired +
		"|a=rid:h send|a=rid:l send|a=simulcast:send h;l"
	screen := h264Lines + "|a=sendonly|a=content:slides|a=extmap:4 " + uriMid + "|a=ssrc-group:FID 7 8|a=ssrc:7 cname:x|a=ssrc:8 cname:x"
	for _, order := range [][]string{{camera, screen}, {screen, camera}} {
		whole, err := described(t, "a=group:BUNDLE 0 1|"+order[0]+"|a=mid:0|"+order[1]+"|a=mid:1").Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(string(whole), 0)
		if err != nil {
			t.Fatal(err)
		}
		answer, table, err := o.Answer(o.Text, false)
		if err != nil || len(table.Sections) != 2 {
			t.Fatalf("%d sections, %v", len(table.Sections), err)
		}
		for _, s := range table.Sections {
			switch {
			case s.Screen && (len(s.RIDs) != 0 || !slices.Equal(s.SSRCs, []uint32{7}) || s.Repairs[8] != 7 || s.MidID != 4):
				t.Errorf("the screen is %+v", s)
			case !s.Screen && (!slices.Equal(s.RIDs, []string{"h", "l"}) || s.SSRCs != nil || s.StreamID != 10 || s.RepairedID != 11):
				t.Errorf("the camera is %+v", s)
			}
		}
		if n := strings.Count(answer, "a=simulcast:recv h;l"); n != 1 || strings.Count(answer, "a=rid:") != 2 {
			t.Errorf("%d sections of the answer have layers:\n%s", n, answer)
		}
	}
}

// TestAnswerFits refuses an answer of another number of sections than the offer's.
func TestAnswerFits(t *testing.T) {
	one, two := text(t, []drawn{{kind: "audio"}}), text(t, []drawn{{kind: "audio"}, {kind: "video"}})
	o, err := Read(two, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{one, "", "v=1"} {
		if _, _, err := o.Answer(bad, false); !errors.Is(err, ErrBadSDP) {
			t.Errorf("%.20q answers: %v", bad, err)
		}
	}
}
