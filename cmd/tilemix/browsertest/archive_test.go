package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestArchive has a host open the page of recordings: it lists what was recorded, plays it, and deletes
// it after a question.
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

	ada.do(t, chromedp.Navigate(s.url+"/recordings/room"))
	ada.waitFor(t, `document.querySelectorAll('.archive-item').length === 1`)
	ada.click(t, ".archive-actions button")
	ada.waitFor(t, `document.querySelector('video')?.readyState >= 1`)
	ada.click(t, ".archive-actions button") // what deletes is left
	ada.click(t, "dialog .danger")
	ada.waitForText(t, "#archive-note", "There are no recordings of this room.")
}
