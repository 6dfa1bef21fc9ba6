package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/mixer/layout"
)

// contrasts are calls that are measured without and with something, in turn.
func contrasts() []scenario {
	return []scenario{
		{
			Name: "views4", about: "9 cooperating cameras and 100 viewers: of one view, and of four", participants: 9, viewers: 100,
			video: true, sound: true, cooperate: true, speakers: 3, views: 12, changes: 24,
			contrast: &contrast{"four views instead of one", fourViews},
			judge: func(r, _ *Result) []Bar {
				const least = 4 * frameRate * 0.98 // else the server has ended views
				drawn := r.Pairs.median(func(p Pair) float64 { return p.Encodes })
				return []Bar{
					r.kept(),
					{What: "encodes a second of four views, least", Value: drawn, Limit: least, Least: true, Reached: drawn >= least},
					atMost("changes of view without a picture", "", float64(r.Changes.Missed), 0),
					atMost("CPU of three views more", "ms/s", r.Pairs.added(), r.Alone.budget()),
					atMost("change of view to first picture p95", "ms", r.Changes.All.P95, 300),
				}
			},
		},
		{
			Name: "grid9-1080", about: "9 cameras of 720p30 that do not cooperate: on 720p, and on 1080p", participants: 9,
			video: true, sound: true, speakers: 3, views: 2,
			contrast: &contrast{"1080p instead of 720p", largeCanvas},
			judge: func(r, _ *Result) []Bar {
				return []Bar{r.kept(), atMost("CPU / on 720p", "", r.Pairs.factor(), 2.3)}
			},
		},
		{
			Name: "screen", about: "a screen of 1080p and 4 viewers: a still slide, and one that moves all over", participants: 1, viewers: 4,
			video: true, slides: true, views: 2, viewersView: `{"layout":"screen","canvas":"1920x1080"}`,
			contrast: &contrast{"a slide that moves", moveSlide},
			judge: func(r, _ *Result) []Bar {
				const least = 24
				return []Bar{
					atMost("CPU while the slide is still", "ms/s", r.Before, 50),
					{What: "frame rate while it moves, least", Unit: "fps", Value: r.FPSMin, Limit: least, Least: true, Reached: r.FPSMin >= least},
				}
			},
		},
	}
}

// drawings are those that are about what is drawn besides, and about rooms beside each other.
func drawings() []scenario {
	return []scenario{
		{
			Name: "overlays", about: "4 participants without cameras: without overlays, and with all of them", participants: 4,
			contrast: &contrast{"all overlays", allOverlays},
			judge: func(r, _ *Result) []Bar {
				return []Bar{atMost("CPU of overlays", "ms/s", r.Pairs.added(), 5)}
			},
		},
		{
			Name: "overlays4", about: "4 cooperating cameras: without overlays, and with all of them", participants: 4,
			video: true, sound: true, cooperate: true, speakers: 1,
			contrast: &contrast{"all overlays", allOverlays},
			judge: func(r, _ *Result) []Bar {
				return []Bar{r.kept(), atMost("composing with overlays more than without", "ms/s", r.Pairs.composed(), 5)}
			},
		},
		{
			Name: "transitions", about: "4 cooperating cameras that change their places all the time: they jump, and they move for 250 ms", participants: 4,
			video: true, sound: true, cooperate: true, speakers: 1,
			contrast: &contrast{"tiles that move", movingTiles},
			judge: func(r, _ *Result) []Bar {
				return []Bar{r.kept(), atMost("CPU / with tiles that jump", "", r.Pairs.factor(), 1.15)}
			},
		},
		{
			Name: "wishes50", about: "two rooms of 4 cooperating cameras: 50 viewers of one see its view, and then each wishes another",
			participants: 8, viewers: 50, rooms: 2, video: true, sound: true, cooperate: true, speakers: 2,
			contrast: &contrast{"50 different wishes, each again and again", fiftyWishes},
			judge: func(r, _ *Result) []Bar {
				const least = 29.5
				return []Bar{{What: "frame rate of the other room, least", Unit: "fps", Value: r.FPSMin, Limit: least, Least: true, Reached: r.FPSMin >= least}}
			},
		},
	}
}

// quartet returns three views beside the room's own, with the IDs of bots.
func quartet(ids map[string]string) []wish {
	return []wish{
		map[string]any{"pin": []string{ids["bot 1"]}},
		map[string]any{"pin": []string{ids["bot 2"]}},
		map[string]any{"layout": "grid", "hide": []string{ids["bot 3"]}},
	}
}

// quartetTiles returns the tiles of these views with n cameras.
func quartetTiles(n int) [][]layout.Tile {
	who := make([]layout.Source, n)
	for i := range who {
		who[i].ID.Participant = fmt.Sprint("bot ", i)
	}
	pinned := func(i int) []layout.Tile {
		one := slices.Clone(who)
		one[i].Pinned = true
		return layout.Speaker(filmSize, one)
	}
	return [][]layout.Tile{pinned(1), pinned(2), layout.Grid(filmSize, slices.Delete(slices.Clone(who), 3, 4))}
}

// fourViews gives the viewers four views, a quarter each, or the room's.
func fourViews(ctx context.Context, m *measurement, on bool) error {
	c := contrasting{m}
	ids, err := c.ids(ctx, atRoom)
	if err != nil {
		return err
	}
	views := append([]wish{"room"}, quartet(ids)...)
	wishes := map[string]wish{}
	for i, b := range m.call.members[m.s.participants:] {
		wishes[ids[b.name]] = views[0]
		if on {
			wishes[ids[b.name]] = views[i%len(views)]
		}
	}
	return c.give(ctx, atRoom, wishes)
}

// largeCanvas gives all a canvas of 1080p, or the room's.
func largeCanvas(ctx context.Context, m *measurement, on bool) error {
	c := contrasting{m}
	ids, err := c.ids(ctx, atRoom)
	if err != nil {
		return err
	}
	wishes := map[string]wish{}
	for _, id := range ids {
		wishes[id] = "room"
		if on {
			wishes[id] = map[string]any{"canvas": "1920x1080"}
		}
	}
	return c.give(ctx, atRoom, wishes)
}

// moveSlide has the slide move, or stand still.
func moveSlide(_ context.Context, m *measurement, on bool) error {
	m.call.members[0].Show(m.slides.still)
	if on {
		m.call.members[0].Show(m.slides.moving)
	}
	return nil
}

// allOverlays has the room show all overlays, or none.
func allOverlays(ctx context.Context, m *measurement, on bool) error {
	all := map[string]any{}
	if on {
		all = map[string]any{
			"background": map[string]any{"colour": "#1a2b3c"},
			"logo":       map[string]any{"picture": emblem(), "corner": "top-left"},
			"banner":     map[string]any{"text": "Questions go into the chat, and are answered at the end"},
			"lowerThird": "speaker", "clock": "time", "rec": true, "qr": "https://mix.example/r/bench",
		}
	}
	return m.call.ask(ctx, http.MethodPut, m.call.room(atRoom)+"/overlays", all, nil)
}

// movingTiles has tiles change their places all the time. They move for 250 ms, or jump.
func movingTiles(ctx context.Context, m *measurement, on bool) error {
	ms := 0
	if on {
		ms = 250
	}
	m.calmDown()
	if err := m.call.ask(ctx, http.MethodPut, m.call.room(atRoom)+"/overlays", map[string]any{"transition": map[string]any{"ms": ms}}, nil); err != nil {
		return err
	}
	ids, err := (contrasting{m}).ids(ctx, atRoom)
	if err != nil {
		return err
	}
	// Two in front change the order of all.
	spot := func(ctx context.Context, name string, on bool) error {
		return m.call.ask(ctx, http.MethodPatch, m.call.room(atRoom)+"/participants/"+ids[name], map[string]any{"spotlight": on}, nil)
	}
	if err := spot(ctx, "bot 3", true); err != nil {
		return err
	}
	m.keepOn(ctx, func(ctx context.Context) {
		for _, front := range []bool{true, false} {
			_ = spot(ctx, "bot 2", front) // the call may have ended
			_ = sleep(ctx, time.Second)
		}
	})
	return nil
}

// emblem is a logo as a data URL.
func emblem() string {
	img := image.NewNRGBA(image.Rect(0, 0, 96, 96))
	for i := range 96 * 96 {
		img.Set(i%96, i/96, color.NRGBA{uint8(i % 96 * 2), 120, uint8(i / 96 * 2), uint8(255 - i%96)})
	}
	var data bytes.Buffer
	_ = png.Encode(&data, img) // into memory
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data.Bytes())
}

// fiftyWishes has each viewer of the first room wish a view of its own, again and again, or the room's.
func fiftyWishes(ctx context.Context, m *measurement, on bool) error {
	c := contrasting{m}
	ids, err := c.ids(ctx, atRoom+"0")
	if err != nil {
		return err
	}
	m.calmDown()
	pins := orders([]string{ids["bot 0"], ids["bot 2"], ids["bot 4"], ids["bot 6"]})
	wishes, shifted := map[string]wish{}, map[string]wish{}
	for i, b := range m.call.members[m.s.participants:] {
		wishes[ids[b.name]], shifted[ids[b.name]] = "room", "room"
		if on {
			wishes[ids[b.name]] = map[string]any{"pin": pins[i%len(pins)]}
			shifted[ids[b.name]] = map[string]any{"pin": pins[(i+1)%len(pins)]}
		}
	}
	if err := c.give(ctx, atRoom+"0", wishes); err != nil || !on {
		return err
	}
	m.keepOn(ctx, func(ctx context.Context) {
		for _, all := range []map[string]wish{shifted, wishes} {
			_ = c.give(ctx, atRoom+"0", all) // what is refused stays as it is
		}
	})
	return nil
}

// orders returns all ways in which some of all stand in order.
func orders(all []string) (ways [][]string) {
	for i, first := range all {
		ways = append(ways, []string{first})
		for _, rest := range orders(slices.Delete(slices.Clone(all), i, i+1)) {
			ways = append(ways, append([]string{first}, rest...))
		}
	}
	return ways
}

// deck is a screen that is shared: still, and moving.
type deck struct {
	clip          *bot.Clip
	still, moving *bot.Variant
}
