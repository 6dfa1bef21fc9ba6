package picture

import (
	"fmt"
	"image"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/yuv"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
	"tilemix/mcu/silence"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// value is what a counter counted.
func value(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// tile returns the only tile of the bench's room.
func (b *bench) tile(t *testing.T) video.Tile {
	t.Helper()
	s := b.cursor.Scene()
	tiles := b.sources.tiles(s, &s.Views[0])
	if len(tiles) != 1 {
		t.Fatalf("%d tiles", len(tiles))
	}
	return tiles[0]
}

// TestLastPictureGetsStale shows a camera that brings no more pictures: its last one is shown
// for ten seconds.
func TestLastPictureGetsStale(t *testing.T) {
	b := newBench(t)
	b.watch(shows(scene.Source{Camera: b.film()}, true), &eyes{kind: codec.H264})
	b.ticks(1)
	began := b.now.Add(-time.Second / 30)
	for _, x := range []struct {
		after time.Duration
		shown bool
	}{{time.Second, true}, {stale - time.Millisecond, true}, {stale, false}, {time.Minute, false}} {
		b.sources.look(b.cursor.Scene(), began.Add(x.after))
		if tile := b.tile(t); (tile.Picture != nil) != x.shown || tile.Version != 1 && x.shown {
			t.Errorf("after %v the picture is shown: %v, version %d", x.after, tile.Picture != nil, tile.Version)
		}
	}
}

// TestOutdated has a camera come back: a picture of before is shown for three seconds at most.
func TestOutdated(t *testing.T) {
	b := newBench(t)
	cam := b.film()
	b.watch(shows(scene.Source{Camera: cam}, true), &eyes{kind: codec.H264})
	b.ticks(1)
	began := b.now.Add(-time.Second / 30)
	b.chain.Publish(shows(scene.Source{Camera: cam, Off: true}, true))
	b.advance()
	b.sources.look(b.cursor.Scene(), began.Add(2*time.Second))
	if b.tile(t).Picture != nil {
		t.Error("a camera that is off is shown")
	}
	b.chain.Publish(shows(scene.Source{Camera: cam}, true))
	b.advance()
	b.sources.look(b.cursor.Scene(), began.Add(2500*time.Millisecond))
	if b.tile(t).Picture == nil {
		t.Error("a picture of two seconds ago is not shown")
	}
	b.sources.look(b.cursor.Scene(), began.Add(outdated+time.Millisecond))
	if b.tile(t).Picture != nil {
		t.Error("an outdated picture is shown")
	}
	cam.fresh = true
	b.sources.look(b.cursor.Scene(), began.Add(outdated+40*time.Millisecond))
	if tile := b.tile(t); tile.Picture == nil || tile.Version != 2 {
		t.Errorf("a new picture is not shown, or as version %d", tile.Version)
	}
}

// TestTileOfMember has a tile say what a scene has of its member.
func TestTileOfMember(t *testing.T) {
	for _, m := range []scene.Member{
		{ID: "ada", Name: "Ada"},
		{ID: "ben", Name: "Ben", Muted: true},
		{ID: "bot", Name: "Bot", NoMicrophone: true}, // as the list of participants has it
		{ID: "cid", Name: "", Speaking: true},
		{ID: "dan", Name: "Dan", MediaLost: true},
		{ID: "eve", Name: "Eve", Unseen: silence.NoVideo},
	} {
		b := newBench(t)
		s := shows(scene.Source{}, true)
		s.Members[0], s.Views[0].Places[0].Hidden = m, 7
		b.watch(s)
		b.advance()
		b.sources.look(s, b.now)
		tile := b.tile(t)
		if tile.ID != m.ID || tile.Name != m.Name || tile.Speaking != m.Speaking || tile.Muted != (m.Muted || m.NoMicrophone) || tile.Hidden != 7 {
			t.Errorf("%+v is shown as %+v", m, tile)
		}
		want := map[bool]video.Status{true: video.Disconnected, false: video.OK}[m.MediaLost]
		if m.Unseen != "" {
			want = video.Degraded
		}
		if tile.Status != want || tile.Picture != nil {
			t.Errorf("%s: status %v", m.Name, tile.Status)
		}
	}
}

// TestPhase moves the clock towards the pictures of the participant that has the floor, and of
// no other.
func TestPhase(t *testing.T) {
	for _, floor := range []bool{true, false} {
		b := newBench(t)
		cam := &waited{film: b.film(), by: 20 * time.Millisecond}
		s := shows(scene.Source{Camera: cam}, true)
		s.Members[0].Floor = floor
		b.watch(s)
		b.advance()
		b.pace.Arm()
		before := b.pace.Pacer
		b.sources.look(s, b.now)
		if moved := b.pace.Pacer != before; moved != floor {
			t.Errorf("floor %v: the clock moved: %v", floor, moved)
		}
	}
}

// waited is a camera whose pictures waited for their tick.
type waited struct {
	*film
	by time.Duration
}

func (w *waited) Picture(now time.Time) (*yuv.Frame, bool) {
	f, fresh := w.film.Picture(now.Add(-w.by))
	return f, fresh
}

// TestForget keeps a source while its participant is in the room, though it has no camera now.
func TestForget(t *testing.T) {
	b := newBench(t)
	ids := []layout.SourceID{{Participant: "ada"}, {Participant: "ada", Kind: layout.Screen}, {Participant: "ben"}}
	s := &scene.Scene{}
	for _, id := range ids {
		s.Sources = append(s.Sources, scene.Source{ID: id})
	}
	b.sources.follow(s)
	kept := b.sources.state[ids[2]]
	b.sources.forget("nobody")
	if len(b.sources.state) != 3 {
		t.Errorf("%d sources are kept", len(b.sources.state))
	}
	b.sources.forget("ada")
	if len(b.sources.state) != 1 || b.sources.state[ids[2]] != kept {
		t.Errorf("%d sources are kept after one participant left", len(b.sources.state))
	}
	b.sources.follow(s)
	if len(b.sources.list) != 3 || b.sources.list[2] != kept || b.sources.list[0] == b.sources.list[1] {
		t.Error("two sources of a participant are one, or what was known is lost")
	}
}

// TestAnyScenes takes any scenes of four cameras: a tile shows a picture exactly if its camera
// is on, and a camera that is not seen rests.
func TestAnyScenes(t *testing.T) {
	type state struct{ Camera, Off, Seen, Fresh bool }
	rapid.Check(t, func(rt *rapid.T) {
		b := &bench{}
		scenes := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) state {
			bit := rapid.Bool()
			return state{bit.Draw(t, "camera"), bit.Draw(t, "off"), bit.Draw(t, "seen"), bit.Draw(t, "fresh")}
		}), 4, 4), 1, 12).Draw(rt, "scenes")
		t.Run("", func(t *testing.T) { b = newBench(t) })
		cameras := make([]*film, 4)
		for i := range cameras {
			cameras[i] = b.film()
		}
		for _, now := range scenes {
			s := &scene.Scene{Views: []scene.View{{Size: size}}}
			rested, want := make([]int, 4), 0
			for i, c := range now {
				cameras[i].fresh, rested[i] = c.Fresh, cameras[i].rested
				s.Members = append(s.Members, scene.Member{ID: fmt.Sprint(i)})
				src := scene.Source{ID: layout.SourceID{Participant: fmt.Sprint(i)}, Member: i, Off: c.Off}
				if c.Camera {
					src.Camera = cameras[i]
				}
				place := scene.Place{}
				if c.Seen {
					place.Rect = image.Rect(16*i, 0, 16*i+16, 32)
					want++
				}
				s.Sources, s.Views[0].Places = append(s.Sources, src), append(s.Views[0].Places, place)
			}
			b.now = b.now.Add(40 * time.Millisecond)
			b.sources.follow(s)
			b.sources.look(s, b.now)
			tiles := b.sources.tiles(s, &s.Views[0])
			if len(tiles) != want {
				rt.Fatalf("%d tiles, not %d", len(tiles), want)
			}
			for _, tile := range tiles {
				i := int(tile.ID[0] - '0')
				on := now[i].Camera && !now[i].Off
				if !on && tile.Picture != nil || on && now[i].Fresh && tile.Picture == nil {
					rt.Fatalf("camera %d, %+v: the picture is shown: %v", i, now[i], tile.Picture != nil)
				}
			}
			for i, c := range now {
				if rests := cameras[i].rested > rested[i]; rests != (c.Camera && (!c.Seen || c.Off)) {
					rt.Fatalf("camera %d, %+v: it rests: %v", i, c, rests)
				}
			}
		}
	})
}

// TestSinkIntervals has a sink ask for IDRs and for pictures of a room that stands still.
func TestSinkIntervals(t *testing.T) {
	for _, x := range []struct {
		o                    media.SinkOptions
		pictures, keys, more int // at least, in ten seconds, and at most so many more
	}{
		{media.SinkOptions{}, 10, 1, 2},
		{media.SinkOptions{KeyInterval: 2 * time.Second}, 10, 4, 4},
		{media.SinkOptions{PictureInterval: 100 * time.Millisecond}, 70, 1, 32},
		{media.SinkOptions{KeyInterval: time.Second, PictureInterval: 500 * time.Millisecond}, 18, 8, 6},
	} {
		b := newBench(t)
		k := &tape{}
		s := shows(scene.Source{}, true)
		s.Sinks = []*media.Attachment{{Sink: k, SinkOptions: x.o}}
		b.chain.Publish(s)
		b.ticks(300)
		if k.units < x.pictures || k.units > x.pictures+x.more || k.keys < x.keys || k.keys > x.keys+2 {
			t.Errorf("%+v: %d pictures, %d IDRs", x.o, k.units, k.keys)
		}
	}
}

// TestLateSink attaches a second sink while the first records: it begins with an IDR of its
// own, which is one picture of the first.
func TestLateSink(t *testing.T) {
	b := newBench(t)
	cam, one, two := b.film(), &tape{}, &tape{}
	first, second := &media.Attachment{Sink: one}, &media.Attachment{Sink: two}
	s := shows(scene.Source{Camera: cam}, true)
	s.Sinks = []*media.Attachment{first}
	b.chain.Publish(s)
	film := func(n int) {
		for range n {
			cam.fresh = true
			b.ticks(1)
		}
	}
	film(60)
	before := one.units
	s = shows(scene.Source{Camera: cam}, true)
	s.Sinks = []*media.Attachment{first, second}
	b.chain.Publish(s)
	film(60)
	if two.keys != 1 || two.units == 0 || one.keys != 2 || one.units != before+60 {
		t.Errorf("the first has %d pictures and %d IDRs, the second %d and %d", one.units, one.keys, two.units, two.keys)
	}
	s = shows(scene.Source{Camera: cam}, true)
	s.Sinks, s.Departed = []*media.Attachment{second}, []scene.Departed{{Sink: first}}
	b.chain.Publish(s)
	before = one.units
	film(5)
	if one.units != before || len(b.sinks.begun) != 1 {
		t.Errorf("a sink that was detached has %d pictures more, %d sinks are kept", one.units-before, len(b.sinks.begun))
	}
}
