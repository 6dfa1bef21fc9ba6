package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestHosts has a host hold a guest's microphone off, lock the room and remove the guest: the
// guest's page carries it out, says so, and does not come back by itself.
func TestHosts(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForTiles(t, "Ada")
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob")
	bob.waitForPhase(t, "connected")
	there := ada.waitForTiles(t, "Ada", "Bob")
	ada.press(t, "p")
	open := func() { // the row may be drawn again at any time
		more := `#people [data-id="` + there.person("Bob").ID + `"] .person-more`
		ada.waitFor(t, `(() => {
			const button = document.querySelector('`+more+`');
			button?.click();
			return Boolean(button);
		})()`)
		ada.waitFor(t, `document.activeElement?.role === 'menuitem'`)
	}
	choose := func(item string) { // the menu does not change while it is open
		eventually(t, "Ada chooses "+item, func() (string, bool) {
			open()
			var other []string
			err := ada.ask(`(() => {
				const items = [...document.querySelectorAll('.menu-item')];
				const item = items.find((i) => i.innerText.startsWith(`+quote(item)+`));
				item?.click();
				return item ? [] : ['there is:', ...items.map((i) => i.innerText)];
			})()`, &other)
			if err == nil && len(other) > 0 {
				ada.press(t, kb.Escape)
			}
			return fmt.Sprint(other, err), err == nil && len(other) == 0
		})
	}

	bob.reload(t, func(now state) {
		there = now
		choose("Mute and hold")
		bob.waitFor(t, `document.getElementById('mute').getAttribute('aria-disabled') === 'true'`)
		bob.waitFor(t, `document.getElementById('mute').dataset.hint === 'Ada holds your microphone off'`)
		ada.waitForState(t, "Bob is muted", func(s state) bool { return s.person("Bob").AudioMuted })
		bob.click(t, "#mute")
		bob.waitFor(t, `document.getElementById('toasts').innerText.includes('Ada holds your microphone off.')`)
		bob.waitFor(t, `window.tilemix.state.audioOff`)
	}, "Ada", "Bob")
	bob.waitForPhase(t, "connected")
	bob.waitFor(t, `document.getElementById('mute').dataset.hint === 'Ada holds your microphone off' && window.tilemix.state.audioOff`)

	choose("Allow the microphone")
	bob.waitFor(t, `document.getElementById('mute').getAttribute('aria-disabled') === 'false'`)
	choose("Ask to unmute")
	bob.click(t, "#asked button")
	ada.waitForState(t, "Bob is heard again", func(s state) bool { return !s.person("Bob").AudioMuted })

	ada.waitFor(t, `(await fetch('/api/v1/rooms/room/waiting', {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id: `+quote(there.person("Bob").ID)+` }),
	})).ok`)
	bob.waitFor(t, `document.getElementById('status').innerText.includes('number 1')`)
	// With a small picture, the client enters the lobby and is admitted as others are.
	bob.do(t, chromedp.Evaluate(`localStorage.setItem('tilemix', JSON.stringify({ receive: 'low' }))`, nil), chromedp.Reload())
	bob.waitForPhase(t, "connected")
	bob.waitFor(t, `document.getElementById('status').innerText.includes('number 1')`)
	bob.do(t, chromedp.Evaluate(`(() => {
		const { ws } = window.tilemix, send = ws.send.bind(ws);
		ws.send = (text) => { window.saves ||= JSON.parse(text).type === 'receive'; send(text); };
	})()`, nil))
	ada.waitForText(t, "#waiting .person-name", "Bob")
	ada.click(t, "#waiting .primary")
	bob.waitFor(t, `window.saves`)
	ada.waitForTiles(t, "Ada", "Bob")
	ada.waitForText(t, "#waiting", "")
	ada.do(t, chromedp.Evaluate(`window.lobby = (...ids) => window.tilemix.ws.dispatchEvent(new MessageEvent('message', {
		data: JSON.stringify({ type: 'lobby', waiting: ids.map((id) => ({ id, name: id, since: '2026-01-01T00:00:00Z' })) }),
	})); window.lobby('Cem')`, nil))
	ada.waitForText(t, "#waiting .person-name", "Cem")
	ada.do(t, chromedp.Evaluate(`document.querySelector('#waiting .primary').focus(); window.lobby('Dora', 'Cem')`, nil))
	ada.waitForText(t, "#waiting .person-name", "Dora")
	ada.waitFor(t, `document.activeElement.getAttribute('aria-label') === 'Let Cem in'`) // a new row takes no focus away
	ada.do(t, chromedp.Evaluate(`window.lobby()`, nil))
	ada.waitForText(t, "#waiting", "")

	bob.press(t, "h")
	ada.waitFor(t, `document.querySelector('#people .raised')?.innerText.startsWith('1')`)
	bob.waitFor(t, `document.getElementById('host-menu').hidden`)

	ada.click(t, "#host-menu")
	ada.waitFor(t, `document.activeElement?.role === 'menuitem'`)
	ada.press(t, kb.Enter)
	ada.waitFor(t, `/Link for participants copied|#i=/.test(document.getElementById('toasts').innerText)`)

	ada.click(t, "#host-menu")
	ada.waitFor(t, `document.activeElement?.role === 'menuitem'`)
	ada.waitFor(t, `(() => {
		const item = [...document.querySelectorAll('.menu-item')].find((i) => i.innerText.startsWith('Lock'));
		item?.click();
		return Boolean(item);
	})()`)
	bob.waitFor(t, `document.querySelector('.locked-sign').hidden === false`)

	open()
	ada.keep(t, "menu")
	ada.press(t, kb.Escape)
	ada.waitFor(t, `document.activeElement?.matches('.person-more')`)
	choose("Remove")
	bob.do(t, chromedp.Evaluate(`(() => { // a busy machine: what the WebSocket brings comes after the end of the media
		const { ws } = window.tilemix;
		for (const kind of ['onmessage', 'onclose']) {
			const heard = ws[kind];
			ws[kind] = (event) => setTimeout(() => heard.call(ws, event), 700);
		}
	})()`, nil))
	ada.click(t, ".question .danger")
	bob.waitForPhase(t, "removed")
	bob.waitForText(t, "#card-title", "A host removed you from the call")
	ada.waitForTiles(t, "Ada")
	bob.waitFor(t, `window.tilemix.ws.readyState >= WebSocket.CLOSING`)

	carl := openPage(t, browser, "Carl", s.url+"/r/room?name=Carl")
	carl.waitForPhase(t, "refused")
	carl.waitForText(t, "#card-title", "The room is locked")
	bob.waitForPhase(t, "removed") // still
}

// keep takes a picture of the window and keeps it where go test -artifacts does.
func (p *page) keep(t *testing.T, name string) {
	t.Helper()
	var picture []byte
	p.do(t, chromedp.CaptureScreenshot(&picture))
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), picture, 0o644); err != nil {
		t.Error(err)
	}
}
