package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestStudio has a host see what goes out, put a banner into it, and record another view than the room's.
func TestStudio(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	ada := openPage(t, startBrowser(t, fakeDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	ada.waitForTiles(t, "Ada")
	ada.press(t, "p")
	ada.click(t, "#studio")
	ada.waitFor(t, `document.querySelector('.studio[open] .studio-picture')?.naturalWidth > 0`)
	ada.do(t, chromedp.Focus("#studio-banner", chromedp.ByQuery))
	ada.press(t, "Questions go into the chat")
	ada.click(t, "#studio-show")
	const overlays = `(await (await fetch('/api/v1/rooms/room/overlays')).json())`
	ada.waitFor(t, overlays+`.banner?.text === 'Questions go into the chat'`)
	ada.choose(t, "studio-clock", "elapsed")
	ada.click(t, "#studio-show")
	ada.waitFor(t, overlays+`.clock === 'elapsed' && `+overlays+`.banner?.text === 'Questions go into the chat'`)
	ada.choose(t, "studio-recording", "speaker")
	ada.click(t, "#studio-record-button")
	ada.waitForText(t, "#studio-record-button", "End the recording")
	ada.waitFor(t, `(await (await fetch('/api/v1/rooms/room/recordings')).json()).recordings.some((r) => r.options.view?.layout === 'speaker')`)
	ada.click(t, "#studio-record-button")
	ada.waitForText(t, "#studio-record-button", "Record the call")
	ada.keep(t, "studio")
	ada.press(t, kb.Escape)
	ada.waitFor(t, `!document.querySelector('.studio')`)
}
