package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestChat writes to one and to all, sends a file of a hostile name, and changes a name. A host has
// the room keep its chat: a participant who comes later sees what was said to all since then.
func TestChat(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	// Nobody looks at pictures here.
	plain := before(`localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true, receive: 'sound' }))`)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada", plain)
	ada.waitForPhase(t, "connected")
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob", plain)
	cid := openPage(t, browser, "Cid", s.url+"/r/room?name=Cid", plain)
	bob.waitForPhase(t, "connected")
	cid.waitForPhase(t, "connected")
	ada.press(t, "p")
	ada.click(t, "#host-menu")
	ada.waitFor(t, `(() => {
		const item = [...document.querySelectorAll('.menu-item')].find((i) => i.innerText === 'Show the chat to those who come later');
		item?.click();
		return Boolean(item);
	})()`)
	bob.waitFor(t, `document.getElementById('toasts').innerText.includes('Participants who come later will see the chat')`)

	bob.press(t, "c")
	bob.waitFor(t, `document.activeElement?.id === 'chat-text' && document.getElementById('chat-to').options.length === 3`)
	bob.waitForText(t, "#chat-kept", "Participants who come later see these messages.")
	bob.do(t, chromedp.Evaluate(`(() => {
		const to = document.getElementById('chat-to');
		to.value = [...to.options].find((o) => o.text === 'Ada').value;
	})()`, nil))
	bob.press(t, "psst"+kb.Enter)
	ada.waitFor(t, `document.getElementById('toasts').innerText.includes('Bob, only to you: psst')`) // it is gone soon
	bob.waitForText(t, ".message.private .message-private", "only to Ada")
	bob.waitFor(t, `getComputedStyle(document.querySelector('.message.own')).position === 'static'`)
	bob.do(t, chromedp.Evaluate(`(() => {
		document.getElementById('chat-to').value = '';
		const input = document.getElementById('chat-files');
		const chosen = new DataTransfer();
		chosen.items.add(new File(['<script>hello'], '..\\..\\x.html'));
		input.files = chosen.files;
		input.dispatchEvent(new Event('change'));
	})()`, nil))
	file := `document.querySelector('.message-file')`
	for _, p := range []*page{ada, cid} {
		p.waitFor(t, file+`?.download === 'x.html'`)
	}
	cid.waitFor(t, `!document.querySelector('.private')`)
	cid.waitFor(t, `fetch(`+file+`.href).then(async (r) => r.headers.get('Content-Disposition').startsWith('attachment') && await r.text() === '<script>hello')`)

	cid.press(t, "p")
	cid.click(t, "#rename")
	cid.waitFor(t, `document.querySelector('dialog input')?.value === 'Cid'`)
	cid.do(t, chromedp.SetValue("dialog input", "Cid van Dijk", chromedp.ByQuery))
	cid.click(t, "dialog .primary")
	ada.waitForState(t, "Cid has another name", func(s state) bool { return s.person("Cid van Dijk").ID != "" })
	cid.waitFor(t, `window.tilemix.state.name === 'Cid van Dijk'`)

	dan := openPage(t, browser, "Dan", s.url+"/r/room?name=Dan", plain)
	dan.waitFor(t, file+`?.download === 'x.html' && !document.querySelector('.private')`)
}
