package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestAddress joins by an address with a name in it: it leads to the lobby, which has the name.
// The address of the call leads others to the lobby too, and its own tab back to the call.
func TestAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
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

	// No header and no WebSocket can carry this invitation.
	eve := openPage(t, browser, "Eve", s.url+"/r/room?name=Eve#i=ABC)")
	eve.waitForPhase(t, "refused")
	eve.waitForText(t, "#card-title", "The server does not know this invitation")
	var code string
	if err := eve.ask(`import('/sdk.js').then(({ join }) => join(location.href)).then(() => 'in', ({ code }) => code)`, &code); err != nil || code != "invite_invalid" {
		t.Errorf("the SDK refuses with %q, %v", code, err)
	}
}

// TestEmptyRoom watches a room in which nobody is, then somebody, then nobody again: the page
// says so each time. The one in the call is told that nobody else is there, until the invitation is copied.
func TestEmptyRoom(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	viewer := openPage(t, browser, "Vera", s.url+"/watch/room")
	viewer.waitForPhase(t, "connected")
	viewer.waitForText(t, "#status-text", `Nobody is in the call "room" yet. This page shows it when somebody joins.`)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	viewer.waitForText(t, "#audience", "1 in the call, 1 watching")
	viewer.waitForText(t, "#status", "")
	viewer.do(t, chromedp.Reload()) // the page asks every 10 s while somebody is in the call
	viewer.waitForText(t, "#audience", "1 in the call, 1 watching")
	ada.waitFor(t, `document.getElementById('alone').checkVisibility()`)
	ada.click(t, "#alone-invite")
	ada.waitFor(t, `document.getElementById('alone').hidden`)
	ada.click(t, "#leave")
	viewer.waitForText(t, "#status-text", `The call in "room" has ended. This page shows it when somebody comes back.`)
}

// TestLosesNothing writes while the connection is lost and loads the page again: the others have
// the text once, and the page has it still. Then the server holds a camera for off that is on,
// and cannot be told: the page notices, and connects anew.
func TestLosesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitFor(t, `document.getElementById('alone').checkVisibility()`)
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob")
	ada.waitForPhase(t, "connected")
	bob.waitForPhase(t, "connected")
	ada.waitFor(t, `document.getElementById('alone').hidden`)
	ada.press(t, "c")
	ada.waitFor(t, `document.activeElement?.id === 'chat-text'`)
	ada.do(t, offline(true), chromedp.Evaluate(`window.tilemix.ws.close(3999)`, nil))
	ada.waitForPhase(t, "reconnecting")
	ada.press(t, "Still here"+kb.Enter)
	ada.waitFor(t, `document.querySelector('.unsent')`)
	ada.do(t, offline(false))
	ada.waitForPhase(t, "connected")
	said := `[...document.querySelectorAll('.message:not(.unsent) .message-text')].map((m) => m.textContent).join()`
	bob.waitFor(t, said+` === 'Still here'`)
	ada.waitFor(t, said+` === 'Still here' && !document.querySelector('.unsent')`)
	ada.do(t, chromedp.Reload())
	ada.waitForPhase(t, "connected")
	ada.waitFor(t, said+` === 'Still here'`)

	ada.waitForTiles(t, "Ada", "Bob")
	bob.waitForState(t, "Ada's camera is on again", func(s state) bool { return s.person("Ada").ID != "" && !s.person("Ada").VideoMuted })
	bob.do(t, chromedp.Evaluate(`window.tilemix.ws.addEventListener('message', ({ data }) => { // it is so for seconds only
		window.sawOff ||= JSON.parse(data).participants?.some((p) => p.name === 'Ada' && p.videoMuted);
	})`, nil))
	ada.do(t, chromedp.Evaluate(`(() => {
		const { ws } = window.tilemix;
		ws.send(JSON.stringify({ type: 'mute', audioMuted: false, videoMuted: true }));
		ws.deaf = true;
		ws.send = () => {};
	})()`, nil))
	bob.waitFor(t, `window.sawOff`)
	ada.waitFor(t, `window.tilemix.ws && !window.tilemix.ws.deaf`)
	bob.waitForState(t, "Ada's camera is on", func(s state) bool { return !s.person("Ada").VideoMuted })
}
