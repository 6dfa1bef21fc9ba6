package browsertest

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestArchive has a host open the page of recordings: it lists what was recorded, plays it, and deletes
// it after a question. A host that has left finds the way there.
func TestArchive(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	ada.do(t, chromedp.Evaluate(`document.getElementById('record').click()`, nil))
	ada.waitFor(t, `!document.getElementById('recording').hidden`)
	ada.waitFor(t, `(await (await fetch('/api/v1/rooms/room/recordings')).json()).recordings.some((r) => r.length > 0)`)
	ada.do(t, chromedp.Evaluate(`document.getElementById('record').click()`, nil))
	ada.click(t, "dialog .danger")
	ada.waitFor(t, `!document.getElementById('recording-file').hidden`)

	// The call opens the page in a tab of its own, which begins with a copy of what the call's tab keeps.
	var kept string
	ada.do(t, chromedp.Evaluate(`JSON.stringify(sessionStorage)`, &kept))
	list := openPage(t, browser, "Ada's list", s.url+"/lost")
	list.do(t, chromedp.Evaluate(`Object.assign(sessionStorage, JSON.parse(`+strconv.Quote(kept)+`))`, nil), chromedp.Navigate(s.url+"/recordings/room"))
	list.waitFor(t, `document.querySelectorAll('.archive-item').length === 1`)
	list.click(t, ".archive-actions button")
	list.waitFor(t, `document.querySelector('video')?.readyState >= 1`)

	// After the call, its card leads there.
	ada.click(t, "#leave")
	ada.waitForPhase(t, "left")
	ada.waitFor(t, `!document.getElementById('card-recordings').hidden && new URL(document.getElementById('card-recordings').href).pathname === '/recordings/room'`)
	list.click(t, ".archive-actions button") // what deletes is left
	list.click(t, "dialog .danger")
	list.waitForText(t, "#archive-note", "There are no recordings of this room.")
}
