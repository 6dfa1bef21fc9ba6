package browsertest

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pin is the selector of the button that lies over somebody's tile.
func (s state) pin(name string) string {
	return `#tiles [data-tile="` + s.person(name).ID + `"] .tile-pin`
}

// pins waits until the page has exactly these pinned after it acted, with tiles larger than all others.
func (p *page) pins(t *testing.T, act func(), pinned ...string) {
	t.Helper()
	p.pinsWhere(t, act, func(state) bool { return true }, pinned...)
}

// pinsWhere is pins, and something else is so at the same time. The page acts again, as a person would, each
// time that the server refuses a view.
func (p *page) pinsWhere(t *testing.T, act func(), also func(state) bool, pinned ...string) {
	t.Helper()
	const refused = `(window.refused ??= (window.tilemix.ws.addEventListener('message', ({ data }) => data.includes('"view_limit"') && refused.count++), { count: 0 })).count`
	var before, now int
	if err := p.ask(refused, &before); err != nil {
		t.Fatal(err)
	}
	act()
	eventually(t, fmt.Sprintf("%s: %q pinned", p.name, pinned), func() (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		if s.pins(pinned) && also(s) {
			return "", true
		}
		if err := p.ask(refused, &now); err == nil && now > before && s.Layout.View.Pin == nil {
			before = now
			act()
		}
		return fmt.Sprintf("%+v, refused %d times", s, now), false
	})
}

// pins tells whether exactly these are pinned.
func (s state) pins(pinned []string) bool {
	var ids []string
	for _, name := range pinned {
		ids = append(ids, s.person(name).ID)
	}
	for _, tile := range s.Layout.Tiles {
		for _, large := range pinned {
			if !slices.Contains(ids, tile.ID) && tile.Width >= s.tile(large).Dx() {
				return false
			}
		}
	}
	return slices.Equal(s.Layout.View.Pin, ids)
}

// bot has a participant without a browser show orange, in small pictures.
func (s *server) bot(t *testing.T, room, name string) {
	t.Helper()
	need(t, "FFmpeg", "ffmpeg", "ffmpeg")
	orangeClip(t)
	command := exec.Command("tilemix", "join", s.url, "--room", room, "--name", name, "--size", "320x180", "--frame-rate", "10",
		"--camera", filepath.Join(scratch, "orange.y4m"), "--loop")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
}

// picture is what the server takes of a room's own view.
func (s *server) picture(room string) (image.Image, error) {
	resp, err := http.Get(s.url + "/api/v1/rooms/" + room + "/picture.jpg")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	return jpeg.Decode(resp.Body)
}

// TestPinTiles pins and unpins by mouse and keyboard what others see no different. The other participant
// is no browser, because two of them leave two cores no time for a picture more.
func TestPinTiles(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-views", "8")
	s.bot(t, "room", "Bob")
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	there := ada.waitForTiles(t, "Ada", "Bob")
	grid := there.tile("Bob")
	click := func() { ada.click(t, there.pin("Bob")) }
	press := func(key string) func() { return func() { ada.press(t, key) } }
	focus := func(name string) {
		ada.do(t, chromedp.Focus(there.pin(name), chromedp.ByQuery))
	}

	ada.pinsWhere(t, click, func(s state) bool {
		m, err := ada.picture()
		large := s.tile("Bob")
		return err == nil && shown(m, large) == orange && shown(m, s.tile("Ada")) == green && large.Dx() > grid.Dx()
	}, "Bob")
	eventually(t, "the room's picture is the grid", func() (string, bool) {
		m, err := s.picture("room")
		if err != nil {
			return err.Error(), false
		}
		left, right := shown(m, there.tile("Ada")), shown(m, grid)
		return fmt.Sprintf("Ada %q, Bob %q", left, right), left == green && right == orange
	})
	ada.waitFor(t, `document.querySelector('`+there.pin("Bob")+`[aria-pressed="true"] + .tile-pinned')?.checkVisibility()`)
	ada.pins(t, click)
	ada.waitForTile(t, "Bob", orange)
	ada.waitForTile(t, "Ada", green)

	// Tab comes to one tile, and arrows to the others.
	focus("Ada")
	arrow := kb.ArrowRight
	if there.tile("Ada").Min.X > grid.Min.X {
		arrow = kb.ArrowLeft
	}
	ada.press(t, arrow)
	ada.waitFor(t, `document.activeElement === document.querySelector('`+there.pin("Bob")+`') && document.querySelectorAll('#tiles .tile-pin[tabindex="0"]').length === 1`)
	ada.pins(t, press(kb.Enter), "Bob")
	ada.pins(t, press(kb.Escape))
	ada.pins(t, press(kb.Enter), "Bob")
	ada.pins(t, press(kb.Enter))
	first := "Ada"
	if s, err := ada.state(); err == nil && s.Layout.Tiles[0].ID == s.person("Bob").ID {
		first = "Bob"
	}
	ada.pins(t, press("1"), first)
	ada.pins(t, press("0"))
}

// ownTile is where a page has its camera, and where its tile is in the picture, in pixels of the page.
func (p *page) ownTile(t *testing.T) (own, tile [4]float64, mirrored bool) {
	t.Helper()
	var got struct {
		Own, Tile [4]float64
		Mirrored  bool
	}
	err := p.ask(`(() => {
		const { state } = window.tilemix;
		const { left, top, width, height } = document.getElementById('mix').getBoundingClientRect();
		const { layout } = state;
		const scale = Math.min(width / layout.width, height / layout.height);
		const own = document.querySelector('#tiles .own-tile');
		const rect = own?.getBoundingClientRect() ?? new DOMRect();
		const video = own?.querySelector('video');
		const t = layout.tiles.find((t) => t.id === state.id && !t.screen) ?? { x: 0, y: 0, width: 0, height: 0 };
		return {
			own: [rect.left, rect.top, rect.width, rect.height],
			tile: [left + (width - layout.width * scale) / 2 + t.x * scale, top + (height - layout.height * scale) / 2 + t.y * scale, t.width * scale, t.height * scale],
			mirrored: Boolean(video && new DOMMatrix(getComputedStyle(video).transform).a === -1 && video.videoWidth && !video.paused),
		};
	})()`, &got)
	if err != nil {
		return own, tile, false
	}
	return got.Own, got.Tile, got.Mirrored
}

// waitForOwn waits until the page's own camera lies over its tile, within a pixel.
func (p *page) waitForOwn(t *testing.T, what string) {
	t.Helper()
	eventually(t, p.name+": its camera over its tile, "+what, func() (string, bool) {
		own, tile, mirrored := p.ownTile(t)
		off := 0.0
		for i := range own {
			off = max(off, math.Abs(own[i]-tile[i]))
		}
		return fmt.Sprintf("%v over %v, mirrored %v", own, tile, mirrored), off <= 1 && own[2] > 0 && mirrored
	})
}

// movesOwn has a change move the page's own tile. At half of the transition's time, which the test sets, its camera is
// halfway between both places, within a pixel.
func (p *page) movesOwn(t *testing.T, change func()) {
	t.Helper()
	p.waitFor(t, `(() => {
		const own = () => document.querySelector('#tiles .own-tile');
		const places = () => { const { left, top, width, height } = own().getBoundingClientRect(); return [left, top, width, height]; };
		const from = places();
		window.halfway = null;
		const slow = document.head.appendChild(document.createElement('style')); // else it may be over before the page looks
		slow.textContent = '#tiles, #tiles * { --move: 60s !important }';
		document.getElementById('tiles').addEventListener('transitionrun', ({ target }) => {
			const box = own()?.parentElement;
			if (target !== box || window.halfway) return;
			const moves = box.getAnimations();
			if (moves.length === 0) return; // it goes elsewhere, and begins anew
			const seek = (part) => {
				for (const m of moves) Object.assign(m, { currentTime: m.effect.getComputedTiming().duration * part });
				return places();
			};
			for (const m of moves) m.pause();
			const [middle, to] = [seek(0.5), seek(1)];
			slow.remove();
			const all = document.getElementById('tiles').getAnimations({ subtree: true }).filter((m) => m.transitionProperty);
			for (const m of all) m.finish(); // what is clicked next is to be in its place
			window.halfway = middle.map((at, i) => [from[i], at, to[i]]);
		});
		return true;
	})()`)
	change()
	eventually(t, p.name+": its camera on its way", func() (string, bool) {
		var way [][3]float64
		if err := p.ask(`window.halfway ?? []`, &way); err != nil {
			return err.Error(), false
		}
		off, far := 0.0, 0.0
		for _, at := range way {
			off, far = max(off, math.Abs(at[1]-(at[0]+at[2])/2)), max(far, math.Abs(at[2]-at[0]))
		}
		return fmt.Sprintf("from, halfway and to are %v", way), off <= 1 && far > 20
	})
}

// TestOwnTile has a page lay its own camera over its tile whatever the window and the layout are, and
// not where the camera is off or the participant wants none.
func TestOwnTile(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-views", "8")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForTiles(t, "Ada") // the first in the call is the first in the grid, and has a place to move from
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob")
	there := ada.waitForTiles(t, "Ada", "Bob")
	ada.waitForOwn(t, "in the grid")
	for _, size := range []image.Point{{1280, 800}, {390, 844}, {844, 390}, {801, 603}} {
		ada.do(t, chromedp.EmulateViewport(int64(size.X), int64(size.Y)))
		ada.waitFor(t, fmt.Sprintf(`innerWidth === %d`, size.X))
		ada.waitForOwn(t, size.String())
	}
	ada.movesOwn(t, func() { ada.press(t, "l") })
	ada.waitForState(t, "the speaker layout", func(s state) bool { return s.Layout.Name == "speaker" })
	ada.waitForOwn(t, "in the speaker layout")
	ada.pins(t, func() { ada.click(t, there.pin("Bob")) }, "Bob")
	ada.waitForOwn(t, "beside who is pinned")
	bob.click(t, "#share")
	ada.waitForState(t, "a screen", func(s state) bool { return len(s.Layout.Tiles) == 3 })
	ada.waitForOwn(t, "beside a screen")
	ada.press(t, "p")
	ada.waitForOwn(t, "beside the panel")
	bob.click(t, "#share")
	ada.waitForTiles(t, "Ada", "Bob")

	const none = `!document.querySelector('#tiles .own-tile')`
	ada.press(t, "v")
	ada.waitFor(t, none)
	ada.press(t, "v")
	ada.waitForOwn(t, "with the camera on again")
	bob.waitForTile(t, "Ada", green) // the others see the camera, and not this page's picture of it

	ada.openTileMenu(t, "Ada", "Show me as the others see me")
	ada.waitFor(t, none)
	ada.openTileMenu(t, "Ada", "Cover my own tile")
	ada.waitFor(t, `document.querySelector('#tiles .own-cover')?.checkVisibility() && document.querySelector('#tiles .own-video').hidden`)
	ada.openTileMenu(t, "Ada", "Leave me out of my view")
	ada.waitForState(t, "no own tile", func(s state) bool { return s.tile("Ada").Empty() && !s.tile("Bob").Empty() })
	bob.waitForTiles(t, "Ada", "Bob")
}

// openTileMenu chooses from the menu of a tile.
func (p *page) openTileMenu(t *testing.T, name, item string) {
	t.Helper()
	s, err := p.state()
	if err != nil {
		t.Fatal(err)
	}
	more := `#tiles [data-tile="` + s.person(name).ID + `"] .tile-more`
	p.waitFor(t, `(() => {
		const button = document.querySelector('`+more+`');
		button?.click();
		return Boolean(button);
	})()`)
	p.waitFor(t, `document.activeElement?.role === 'menuitem'`)
	p.waitFor(t, `(() => {
		const item = [...document.querySelectorAll('.menu-item')].find((i) => i.innerText.startsWith(`+quote(item)+`));
		item?.click();
		return Boolean(item);
	})()`)
}
