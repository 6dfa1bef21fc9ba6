package browsertest

import (
	"fmt"
	"image"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestOldChromium joins a call with Chromium 83 of May 2020, which loads the page's build for older browsers,
// and watches the call with it. Both pages show the pictures of all, keys work, and buttons stand apart.
func TestOldChromium(t *testing.T) {
	t.Parallel()
	chromium := filepath.Join(fetched(t, oldest), "chromium")
	s := serve(t, "")
	s.bot(t, "room", "Bob")
	browser := startChromium(t, chromium, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	var agent string
	if err := ada.ask(`navigator.userAgent.match(/Chrome\/[0-9]+/)[0]`, &agent); err != nil || agent != "Chrome/83" {
		t.Fatalf("the browser is %q: %v", agent, err)
	}
	ada.waitForPhase(t, "connected")
	ada.waitFor(t, `document.querySelector('script[src$="call.es2019.js"]')`)
	tiles := ada.waitForTiles(t, "Ada", "Bob")
	both := func(m image.Image) (string, bool) {
		mine, other := shown(m, tiles.tile("Ada")), shown(m, tiles.tile("Bob"))
		return fmt.Sprintf("%q and %q", mine, other), mine == green && other == orange
	}
	ada.waitForPicture(t, "both tiles", both)
	ada.press(t, "p")
	ada.waitFor(t, `!document.getElementById('panel').hidden`)
	ada.waitFor(t, `(() => {
		const [one, two] = [...document.querySelectorAll('.bar-main > *')].map((b) => b.getBoundingClientRect());
		return two.left - one.right > 4;
	})()`)
	ada.do(t, chromedp.Evaluate(`document.getElementById('camera').click()`, nil))
	ada.waitForTile(t, "Ada", placeholder)
	ada.do(t, chromedp.Evaluate(`document.getElementById('camera').click()`, nil))

	viewer := openPage(t, browser, "viewer", s.url+"/watch/room")
	viewer.waitForPhase(t, "connected")
	viewer.waitFor(t, `document.querySelector('script[src$="watch.es2019.js"]')`)
	viewer.waitForPicture(t, "both tiles", both)
	ada.click(t, "#leave")
	ada.waitForPhase(t, "left")
}
