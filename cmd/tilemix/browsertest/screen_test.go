package browsertest

import (
	"testing"
)

// TestShareScreen shares a screen from a page: the camera stays, another page sees the screen large,
// and the layout comes back when it ends. Then it shares another one by the keyboard, over a new
// connection too.
func TestShareScreen(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob")
	bob.waitForTiles(t, "Ada", "Bob")
	const sendsTwo = `[...(await window.tilemix.pc.getStats()).values()].filter((r) => r.type === 'outbound-rtp' && r.kind === 'video' && r.framesSent > 5 && r.active).length === 2`
	shared := func(s state) bool {
		if s.Layout.Name != "screen" || len(s.Layout.Tiles) != 3 {
			return false
		}
		screen := s.Layout.Tiles[1]
		for _, tile := range s.Layout.Tiles {
			if tile.Screen {
				screen = tile
			}
		}
		return screen.Screen && screen.ID == s.person("Ada").ID && screen.Width*screen.Height*4 >= s.Layout.Width*s.Layout.Height*3 && s.person("Ada").Screen
	}
	ended := func(s state) bool { return s.Layout.Name == "grid" && !s.person("Ada").Screen }

	ada.click(t, "#share")
	bob.waitForState(t, "Ada's screen is large", shared)
	ada.waitFor(t, sendsTwo)
	ada.waitFor(t, `document.getElementById('share').getAttribute('aria-pressed') === 'true'`)
	ada.click(t, "#share")
	bob.waitForState(t, "the grid is back", ended)

	ada.press(t, "s")
	bob.waitForState(t, "Ada's second screen is large", shared)
	ada.waitFor(t, `(window.before = window.tilemix.pc, window.tilemix.ws.close(3000), true)`)
	ada.waitFor(t, `window.tilemix.pc !== window.before && `+sendsTwo)
	bob.waitForState(t, "Ada's screen goes on over a new connection", shared)
	ada.press(t, "s")
	bob.waitForState(t, "the grid is back", ended)
}
