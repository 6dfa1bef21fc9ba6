package browsertest

import (
	"fmt"
	"image"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// turn holds a telephone upright, or lays it on its side.
func (p *page) turn(t *testing.T, upright bool) {
	t.Helper()
	size, orientation := image.Pt(844, 390), &emulation.ScreenOrientation{Type: emulation.OrientationTypeLandscapePrimary, Angle: 90}
	if upright {
		size, orientation = image.Pt(390, 844), &emulation.ScreenOrientation{Type: emulation.OrientationTypePortraitPrimary}
	}
	p.do(t, emulation.SetDeviceMetricsOverride(int64(size.X), int64(size.Y), 1, true).WithScreenOrientation(orientation))
}

// TestUpright turns a telephone: it has an upright picture while it is held upright, and no other
// participant has. When the server takes that picture away the page does not wish it again at once.
func TestUpright(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-views", "8")
	browser := startBrowser(t, calmDevices, allow, sound)
	off := before(`localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true }))`) // so that the server is not too busy
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob", off)
	phone := openPage(t, browser, "Phone", s.url+"/r/room?name=Phone", off, emulation.SetTouchEmulationEnabled(true), chromedp.ActionFunc(
		emulation.SetDeviceMetricsOverride(844, 390, 1, true).Do))
	phone.waitForTiles(t, "Bob", "Phone")
	var rested string
	const shape = `[window.tilemix.state.layout.width, window.tilemix.state.layout.height, document.getElementById('mix').videoHeight > document.getElementById('mix').videoWidth].join()`
	refused, err := phone.refusals()
	if err != nil {
		t.Fatal(err)
	}
	turn := func() {
		phone.turn(t, false)
		phone.turn(t, true)
	}
	turn()
	eventually(t, "the upright picture", func() (string, bool) { // a server that is too busy refuses it, until the phone is turned again
		var saw string
		if err := phone.ask(shape, &saw); err != nil || saw == "720,1280,true" {
			return saw, err == nil
		}
		if now, err := phone.refusals(); err == nil && now > refused {
			refused = now
			turn()
		}
		return fmt.Sprintf("%s, refused %d times", saw, refused), false
	})
	bob.waitForState(t, "its own picture", func(s state) bool { return s.Layout.Width == 1280 && s.Layout.Height == 720 })
	phone.keep(t, "upright")
	if err := phone.ask(`(() => {
		const { ws } = window.tilemix;
		const send = ws.send.bind(ws);
		window.wishes = [];
		ws.send = (text) => { if (JSON.parse(text).type === 'view') window.wishes.push(text); send(text); };
		const hear = (message) => ws.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
		const { canvas, ...view } = window.tilemix.state.layout.view ?? {};
		hear({ type: 'error', code: 'view_limit', error: 'the server is too busy for your view: you have the room\'s view for now' });
		hear({ ...window.tilemix.state.layout, width: 1280, height: 720, view });
		return window.wishes.join();
	})()`, &rested); err != nil || rested != "" {
		t.Errorf("after the server was too busy the page sends %s, %v", rested, err)
	}
}
