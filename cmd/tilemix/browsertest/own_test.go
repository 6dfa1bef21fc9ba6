package browsertest

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/chromedp/chromedp"
)

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
	ada.leavesOut(t, "Bob")
	bob.waitForTiles(t, "Ada", "Bob")
}

// leavesOut has a page leave its own tile out of its view, and another's not. A server that is busy refuses that, and
// then the page covers the tile until it is told again.
func (p *page) leavesOut(t *testing.T, other string) {
	t.Helper()
	choose := func() { p.openTileMenu(t, p.name, "Leave me out of my view") }
	choose()
	eventually(t, p.name+": no own tile", func() (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		own := s.tile(p.name)
		var covered bool
		if err := p.ask(`JSON.parse(localStorage.getItem('tilemix')).self === 'cover'`, &covered); err == nil && covered && !own.Empty() {
			choose()
		}
		return fmt.Sprintf("%+v, covered %v", s, covered), own.Empty() && !s.tile(other).Empty()
	})
}
