package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestAddress joins by an address with a name in it: it leads to the lobby, which has the name.
// The address of the call leads others to the lobby too, and its own tab back to the call.
func TestAddress(t *testing.T) {
	s := serve(t, "")
	browser := startBrowser(t, fakeDevices, allow, sound)
	ada := openPage(t, browser, "Ada", "about:blank")
	ada.do(t, chromedp.Navigate(s.url+"/r/room?name=Ada+L&codec=vp8#x"))
	ada.waitFor(t, `document.getElementById('name')?.value === 'Ada L' && location.search === '?codec=vp8' && location.hash === '#x'`)
	ada.do(t, chromedp.Focus("#name", chromedp.ByQuery))
	ada.press(t, kb.Enter)
	ada.waitForPhase(t, "connected")
	ada.waitFor(t, `location.search === '?codec=vp8' && !location.href.includes('Ada')`)
	var address string
	if err := ada.ask("location.href", &address); err != nil {
		t.Fatal(err)
	}
	other := openPage(t, browser, "Other", address)
	other.waitFor(t, `document.getElementById('name')?.value === '' && !window.tilemix`)
	other.close(t)
	ada.do(t, chromedp.Reload())
	ada.waitForPhase(t, "connected")
	ada.click(t, "#leave")
	ada.waitForText(t, "#card-text", "Nobody else was there.")
	ada.do(t, chromedp.Reload())
	ada.waitFor(t, `document.getElementById('name')?.value === 'Ada L'`)
}
