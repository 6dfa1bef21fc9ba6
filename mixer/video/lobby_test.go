package video_test

import (
	"image"
	"strconv"
	"testing"

	"tilemix/mixer/video"
)

// notice is what three wait with, or more.
func notice(n int) video.Notice {
	all := []video.Queued{
		{ID: "A", Name: "Ada Lovelace", Waited: "4 min"},
		{ID: "B", Name: "Björk", Waited: "1 min"},
		{ID: "C", Waited: "now"},
	}
	for i := len(all); i < n; i++ {
		all = append(all, video.Queued{ID: strconv.Itoa(i), Name: string(rune('A' + i%26)), Waited: "now"})
	}
	return video.Notice{Title: "Our-call", Message: "Please wait. A host will let you in.", Clock: "14:05 UTC", Queue: all[:n]}
}

// TestLobbyGolden compares the picture of a lobby, in two sizes, to what was looked at.
func TestLobbyGolden(t *testing.T) {
	for _, x := range []struct {
		name string
		size image.Point
		n    int
	}{
		{"lobby-3", image.Pt(640, 360), 3},
		{"lobby-50", image.Pt(1280, 720), 50},
	} {
		l, err := video.NewLobby(x.size, nil)
		if err != nil {
			t.Fatal(err)
		}
		l.Draw(notice(x.n))
		compare(t, x.name, toRGB(l.Canvas()))
	}
}

// TestLobbyDraws: only news changes the picture, and the queue that was drawn may be used again.
func TestLobbyDraws(t *testing.T) {
	l, err := video.NewLobby(image.Pt(320, 180), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := notice(3)
	if !l.Draw(n) || l.Draw(n) {
		t.Error("the first picture is no news, or the same is")
	}
	n.Queue[1].Waited = "2 min"
	if !l.Draw(n) || l.Draw(n) {
		t.Error("another waiting time is no news, or is so twice")
	}
	n.Clock = "14:06 UTC"
	if !l.Draw(n) {
		t.Error("another time is no news")
	}
	if allocs := testing.AllocsPerRun(100, func() { l.Draw(n) }); allocs > 0 {
		t.Errorf("a picture that stays the same allocates %v times", allocs)
	}
	l.Draw(video.Notice{Title: "\x00\u202e", Message: "", Queue: nil})
	for _, size := range []image.Point{{}, {X: 3, Y: 2}, {X: -2, Y: 2}} {
		if _, err := video.NewLobby(size, nil); err == nil {
			t.Errorf("a lobby has %v pixels", size)
		}
	}
}
