package route_test

import (
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"tilemix/mcu/rtc/route"
)

// cameraAndScreen are two pictures of the same payload types, of which packets tell by their SSRCs or by
// their mids.
func cameraAndScreen() (camera, screen *route.Section) {
	return video(nil), video(func(s *route.Section) { s.Mid, s.Screen = "2", true })
}

// TestTwoPictures sends a camera and a screen, known by mid or by SSRC, the one first or the other.
func TestTwoPictures(t *testing.T) { synctest.Test(t, twoPictures) }

func twoPictures(t *testing.T) {
	for _, declared := range []bool{false, true} {
		for _, order := range [][]uint32{{7, 8}, {8, 7}} {
			camera, screen := cameraAndScreen()
			if declared {
				camera.SSRCs, screen.SSRCs = []uint32{7}, []uint32{8}
			}
			w := newWire(camera, screen)
			for _, ssrc := range order {
				if mid := fmt.Sprint(ssrc - 6); declared {
					w.send(ssrc, h264, []byte{0x61, byte(ssrc)})
				} else {
					w.send(ssrc, h264, []byte{0x61, byte(ssrc)}, "mid", mid)
				}
				w.send(ssrc, h264, []byte{0x61, byte(ssrc)})
			}
			if len(w.begun) != 2 || len(w.unbound) > 0 {
				t.Fatalf("declared %v, %v: %d streams, %v", declared, order, len(w.begun), w.unbound)
			}
			for i, s := range w.begun {
				all, _ := packets(t, s)
				if s.SSRC() != order[i] || s.Section().Screen != (order[i] == 8) || len(all) != 2 || all[1].Payload[1] != byte(order[i]) {
					t.Errorf("declared %v, %v: stream %d of section %s has %d packets", declared, order, s.SSRC(), s.Section().Mid, len(all))
				}
			}
		}
	}
}

// TestNameless drops packets that may be of the camera or of the screen, until one says which.
func TestNameless(t *testing.T) { synctest.Test(t, nameless) }

func nameless(t *testing.T) {
	camera, screen := cameraAndScreen()
	w := newWire(camera, screen)
	w.send(8, h264, []byte{0x61, 1})
	w.send(8, h264, []byte{0x61, 2})
	if len(w.begun) != 0 || !slices.Equal(w.unbound, []route.Reason{route.NoSection}) || w.dropped != 2 {
		t.Fatalf("%d streams, unbound %v, %d dropped", len(w.begun), w.unbound, w.dropped)
	}
	w.send(8, h264, []byte{0x61, 3}, "mid", "2")
	w.send(8, h264, []byte{0x61, 4})
	if len(w.begun) != 1 || !w.begun[0].Section().Screen {
		t.Fatalf("%d streams", len(w.begun))
	}
	if all, _ := packets(t, w.begun[0]); len(all) != 2 || all[0].Payload[1] != 3 {
		t.Errorf("it has %d packets", len(all))
	}
}

// TestRepairsOfTwo puts back what is repaired into the picture that it is of, by SSRC and by mid.
func TestRepairsOfTwo(t *testing.T) { synctest.Test(t, repairsOfTwo) }

func repairsOfTwo(t *testing.T) {
	for _, declared := range []bool{false, true} {
		camera, screen := cameraAndScreen()
		if declared {
			camera.SSRCs, camera.Repairs = []uint32{7}, map[uint32]uint32{17: 7}
			screen.SSRCs, screen.Repairs = []uint32{8}, map[uint32]uint32{18: 8}
		}
		w := newWire(camera, screen)
		for _, ssrc := range []uint32{7, 8} {
			w.send(ssrc, h264, []byte{0x61, byte(ssrc)}, "mid", fmt.Sprint(ssrc-6))
		}
		for _, ssrc := range []uint32{8, 7} {
			repair := []byte{0, byte(ssrc), 0x61, byte(10 * ssrc)}
			if declared {
				w.send(10+ssrc, rtx, repair)
			} else {
				w.send(10+ssrc, rtx, repair, "mid", fmt.Sprint(ssrc-6))
			}
		}
		for _, s := range w.begun {
			all, repairs := packets(t, s)
			if repairs != 1 || len(all) != 2 {
				t.Fatalf("declared %v: %d packets of %d, %d repairs", declared, len(all), s.SSRC(), repairs)
			}
			if p := all[1]; p.SSRC != s.SSRC() || p.SequenceNumber != uint16(s.SSRC()) || p.Payload[1] != byte(10*s.SSRC()) {
				t.Errorf("declared %v: %d is repaired by %+v", declared, s.SSRC(), p)
			}
		}
	}
}

// TestAnswers has another answer say what goes on: a section that stays keeps its stream, one that goes or
// becomes a screen ends it, and its next packet begins another.
func TestAnswers(t *testing.T) { synctest.Test(t, answers) }

func answers(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(camera, screen *route.Section) []*route.Section
		ends        []bool
		beginsAgain int
	}{
		"the same":           {func(a, b *route.Section) []*route.Section { return []*route.Section{a, b} }, []bool{false, false}, 0},
		"in the other order": {func(a, b *route.Section) []*route.Section { return []*route.Section{b, a} }, []bool{false, false}, 0},
		"the screen ends":    {func(a, _ *route.Section) []*route.Section { return []*route.Section{a} }, []bool{false, true}, 0},
		"the camera ends":    {func(_, b *route.Section) []*route.Section { return []*route.Section{b} }, []bool{true, false}, 0},
		"they change places": {func(a, b *route.Section) []*route.Section {
			a.Screen, b.Screen = true, false
			return []*route.Section{a, b}
		}, []bool{true, true}, 2},
		"nothing is sent":     {func(_, _ *route.Section) []*route.Section { return nil }, []bool{true, true}, 0},
		"the screen is sound": {func(a, b *route.Section) []*route.Section { b.Video = false; return []*route.Section{a, b} }, []bool{false, true}, 1},
	} {
		camera, screen := cameraAndScreen()
		w := newWire(camera, screen)
		w.send(7, h264, []byte{0x61, 7}, "mid", "1")
		w.send(8, h264, []byte{0x61, 8}, "mid", "2")
		before := slices.Clone(w.begun)
		a, b := *camera, *screen
		w.Accept(&route.Table{Sections: c.change(&a, &b)})
		for i, s := range before {
			if _, ended := drain(s); ended != c.ends[i] {
				t.Errorf("%s: stream %d has ended: %v", name, s.SSRC(), ended)
			}
		}
		w.send(7, h264, []byte{0x61, 7}, "mid", "1")
		w.send(8, h264, []byte{0x61, 8}, "mid", "2")
		if n := len(w.begun) - 2; n != c.beginsAgain {
			t.Errorf("%s: %d streams begin again, not %d", name, n, c.beginsAgain)
		}
	}
}

// TestScreenInLayers reads the largest layer of a screen however small the camera's tile is, and the
// smallest that covers it of the camera.
func TestScreenInLayers(t *testing.T) {
	camera, screen := cameraAndScreen()
	camera.RIDs, screen.RIDs = []string{"h", "q"}, []string{"h", "q"}
	w := newWire(camera, screen)
	w.Want(image.Pt(320, 180))
	for range 2 {
		for i, rid := range []string{"h", "q"} {
			w.send(uint32(10+i), h264, sps(rid == "h"), "mid", "1", "rid", rid)
			w.send(uint32(20+i), h264, sps(rid == "h"), "mid", "2", "rid", rid)
		}
	}
	newest := map[bool]uint32{}
	for _, s := range w.begun {
		newest[s.Section().Screen] = s.SSRC()
	}
	if newest[false] != 11 || newest[true] != 20 {
		t.Errorf("the camera is read from %d, the screen from %d", newest[false], newest[true])
	}
	w.Want(image.Point{}) // the camera is not seen
	w.send(21, h264, sps(false))
	w.send(20, h264, sps(true))
	if last := w.begun[len(w.begun)-1]; last.Section().Screen && last.SSRC() != 20 {
		t.Error("the screen is read from its small layer")
	}
}

// TestLayersGoOn has a client whose packets name their layers no more, as browsers do once they know that
// packets are received, share a screen: the camera's other layer can still be read, and is repaired.
func TestLayersGoOn(t *testing.T) { synctest.Test(t, layersGoOn) }

func layersGoOn(t *testing.T) {
	camera, screen := cameraAndScreen()
	camera.RIDs = []string{"h", "q"}
	w := newWire(camera)
	w.Want(image.Pt(320, 180))
	w.send(10, h264, sps(true), "mid", "1", "rid", "h")
	w.send(11, h264, sps(false), "mid", "1", "rid", "q")
	w.send(30, rtx, []byte{0, 0, 0x61, 1}, "mid", "1", "repaired", "h")
	w.send(10, h264, []byte{0x61, 1})
	w.send(11, h264, []byte{0x61, 1})
	again := *camera
	w.Accept(&route.Table{Sections: []*route.Section{&again, screen}})
	w.Want(image.Pt(640, 360))
	w.send(11, h264, []byte{0x61, 1})
	w.send(10, h264, sps(true))
	w.send(30, rtx, []byte{0, 9, 0x61, 1})
	last := w.begun[len(w.begun)-1]
	if last.SSRC() != 10 || len(w.unbound) > 0 {
		t.Fatalf("%d is read, unbound are %v", last.SSRC(), w.unbound)
	}
	if _, repairs := packets(t, last); repairs != 1 {
		t.Errorf("%d packets of the layer are repaired", repairs)
	}
}

// TestLayersWithoutMid has packets name their layer and not their section, of which there is one.
func TestLayersWithoutMid(t *testing.T) { synctest.Test(t, layersWithoutMid) }

func layersWithoutMid(t *testing.T) {
	w := newWire(video(func(s *route.Section) { s.RIDs = []string{"h"} }))
	w.send(10, h264, sps(true), "rid", "h")
	w.send(30, rtx, []byte{0, 9, 0x61, 1}, "repaired", "h")
	if len(w.begun) != 1 || len(w.unbound) > 0 {
		t.Fatalf("%d streams, unbound %v", len(w.begun), w.unbound)
	}
	if all, repairs := packets(t, w.begun[0]); len(all) != 2 || repairs != 1 {
		t.Errorf("%d packets, %d repairs", len(all), repairs)
	}
}

// TestLatePackets drops packets of a camera that come after it ended, and leaves the screen alone although
// it is still: one that names the camera, and one that had named it.
func TestLatePackets(t *testing.T) { synctest.Test(t, latePackets) }

func latePackets(t *testing.T) {
	camera, screen := cameraAndScreen()
	w := newWire(camera, screen)
	w.send(7, h264, []byte{0x61, 1}, "mid", "1")
	w.send(8, h264, []byte{0x61, 2}, "mid", "2")
	w.Accept(&route.Table{Sections: []*route.Section{screen}})
	w.now = w.now.Add(time.Minute) // a screen says nothing while nothing moves
	w.send(7, h264, []byte{0x61, 1})
	w.send(9, h264, []byte{0x61, 1}, "mid", "1")
	w.send(8, h264, []byte{0x61, 2})
	if len(w.begun) != 2 || w.dropped != 2 || !slices.Equal(w.unbound, []route.Reason{route.NoSection, route.NoSection}) {
		t.Errorf("%d streams, %d dropped, %v", len(w.begun), w.dropped, w.unbound)
	}
	if all, _ := packets(t, w.begun[1]); len(all) != 2 {
		t.Errorf("the screen has %d packets", len(all))
	}
}

// TestManySSRCs bounds what a client can have the server keep, and goes on with what was there.
func TestManySSRCs(t *testing.T) { synctest.Test(t, manySSRCs) }

func manySSRCs(t *testing.T) {
	camera, screen := cameraAndScreen()
	w := newWire(camera, screen)
	w.send(7, h264, []byte{0x61, 1}, "mid", "1")
	for i := range uint32(100) {
		w.send(1000+i, h264, []byte{0x61, 1}, "mid", "1")
	}
	w.send(8, h264, []byte{0x61, 1}, "mid", "2")
	w.send(7, h264, []byte{0x61, 2})
	if all, _ := packets(t, w.begun[0]); len(w.begun) != 1 || len(all) != 2 || w.dropped != 101 {
		t.Errorf("%d streams, %d packets of the first, %d dropped", len(w.begun), len(all), w.dropped)
	}
}

// TestAnyPackets sends packets of a camera and a screen in any order, with names or without, over answers
// that change: none gets into a stream of another section, and a section has one stream at a time.
func TestAnyPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { rapid.Check(struct{ testing.TB }{t}, anyPackets) })
}

func anyPackets(rt *rapid.T) {
	camera, screen := cameraAndScreen()
	w, named := newWire(camera, screen), map[uint32]bool{}
	read := func() {
		for _, s := range w.begun {
			all, _ := drain(s)
			for _, p := range all {
				if p.SSRC != s.SSRC() || p.Payload[1] != s.Section().Mid[0] {
					rt.Fatalf("a packet of %d and section %c is in the stream of %d and section %s", p.SSRC, p.Payload[1], s.SSRC(), s.Section().Mid)
				}
			}
		}
	}
	open := func() (n map[string]int) {
		n = map[string]int{}
		for _, s := range w.begun {
			if _, ended := drain(s); !ended {
				n[s.Section().Mid]++
			}
		}
		return n
	}
	rt.Repeat(map[string]func(*rapid.T){
		"": func(t *rapid.T) {
			read()
			for mid, n := range open() {
				if n > 1 {
					t.Fatalf("section %s has %d streams", mid, n)
				}
			}
		},
		"packet": func(t *rapid.T) {
			mid := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "mid")
			ssrc := uint32(mid[0])*10 + uint32(rapid.IntRange(0, 2).Draw(t, "ssrc"))
			payload := []byte{0x61, mid[0]}
			pt := uint8(h264)
			if rapid.IntRange(0, 3).Draw(t, "repair") == 0 {
				ssrc, pt, payload = ssrc+5, rtx, []byte{0, 1, 0x61, mid[0]}
			}
			if rapid.Bool().Draw(t, "named") {
				w.send(ssrc, pt, payload, "mid", mid)
				named[ssrc] = named[ssrc] || len(w.current) > 0 // else nothing says where the name is
			} else if named[ssrc] {
				w.send(ssrc, pt, payload)
			}
		},
		"answer": func(t *rapid.T) {
			a, b := *camera, *screen
			a.Screen, b.Screen = rapid.Bool().Draw(t, "camera"), rapid.Bool().Draw(t, "screen")
			w.current = rapid.SampledFrom([][]*route.Section{{&a, &b}, {&b, &a}, {&a}, {&b}, nil}).Draw(t, "sections")
			w.Accept(&route.Table{Sections: w.current})
		},
		"time": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "ms")) * time.Millisecond)
		},
	})
	w.Close()
	for mid, n := range open() {
		rt.Fatalf("%d streams of section %s go on after Close", n, mid)
	}
}

// drain reads what waits in a stream, and tells whether it has ended. It is called where packets is.
func drain(s *route.Stream) (all []rtp.Packet, ended bool) {
	_ = s.SetReadDeadline(time.Now().Add(time.Millisecond))
	for {
		b := make([]byte, 1600)
		n, _, err := s.Read(b)
		if err != nil {
			return all, errors.Is(err, io.EOF)
		}
		var p rtp.Packet
		if p.Unmarshal(b[:n]) == nil {
			all = append(all, p)
		}
	}
}
