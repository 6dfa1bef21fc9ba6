package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestStudio has a host see what goes out, put a banner, a logo and a QR code into it, record another view
// than the room's, give an output a layout that a program has put, and push the call elsewhere.
func TestStudio(t *testing.T) {
	t.Parallel()
	var refused string
	s := serve(t, "", "--allow-private-outputs", "--max-views", "8")
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada", before(`localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true }))`))
	ada.waitForTiles(t, "Ada")
	if err := ada.ask(`(async () => {
		const ask = async (method, path, body) => {
			const answer = await fetch('/api/v1' + path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
			return answer.ok ? '' : await answer.text();
		};
		return await ask('PUT', '/layouts/panel', { name: 'panel', layouts: [{ slots: [{ at: [0, 0, 1, 1], who: 'rest', grid: true }] }] })
			+ await ask('POST', '/rooms/room/outputs', { url: 'whip+' + location.origin + '/whip/other' });
	})()`, &refused); err != nil || refused != "" {
		t.Fatalf("a layout and an output: %s, %v", refused, err)
	}
	ada.click(t, "#layout") // is loaded with this click
	ada.waitFor(t, `document.querySelector('.picker #view-panel') && document.querySelector('.picker #layout-panel')?.checkVisibility()`)
	ada.press(t, kb.Escape)
	ada.press(t, "p")
	ada.waitFor(t, `!document.querySelector('.picker')`)
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
	ada.records(t)
	ada.waitFor(t, `(await (await fetch('/api/v1/rooms/room/recordings')).json()).recordings.some((r) => r.options.view?.layout === 'speaker')`)
	ada.click(t, "#studio-record-button")
	ada.waitForText(t, "#studio-record-button", "Record the call")
	if err := ada.ask(`(async () => {
		const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 32 });
		const context = canvas.getContext('2d');
		context.fillStyle = '#f80';
		context.fillRect(0, 0, 64, 32);
		const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
		const files = new DataTransfer();
		files.items.add(new File([blob], 'logo.png', { type: 'image/png' }));
		const input = document.getElementById('studio-logo');
		input.files = files.files;
		input.dispatchEvent(new Event('change'));
		return '';
	})()`, &refused); err != nil {
		t.Fatal(err)
	}
	ada.waitFor(t, `!document.querySelector('.studio-logo button').hidden`)
	ada.choose(t, "studio-corner", "bottom-left")
	ada.click(t, "#studio-code")
	ada.click(t, "#studio-show")
	ada.waitFor(t, overlays+`.logo?.corner === 'bottom-left' && `+overlays+`.qr === location.href`)
	ada.waitFor(t, `document.querySelector('.studio-output bdi')?.innerText.includes('http')`)
	// A server that is busy for a moment refuses a view.
	ada.waitFor(t, `(await (await fetch('/api/v1/rooms/room/outputs')).json()).outputs[0]?.view?.includes('panel') || (() => {
		const shows = document.querySelector('.studio-output select');
		if (!shows || performance.now() - (window.changed ?? 0) < 500) return false;
		window.changed = performance.now();
		shows.value = 'panel';
		shows.dispatchEvent(new Event('change'));
		return false;
	})()`)
	ada.keep(t, "studio")
	ada.press(t, kb.Escape)
	ada.waitFor(t, `!document.querySelector('.studio')`)
	ada.pushes(t, s.url)
}

// records presses the studio's button to record another view than the room's, and again each time that the server is
// too busy for it.
func (p *page) records(t *testing.T) {
	t.Helper()
	p.do(t, chromedp.Evaluate(`(() => {
		const ask = fetch;
		window.refused = 0;
		window.fetch = async (address, options) => {
			const answer = await ask(address, options);
			if (options?.method === 'POST' && answer.status === 429) window.refused++;
			return answer;
		};
	})()`, nil))
	p.click(t, "#studio-record-button")
	p.waitFor(t, `(() => {
		const button = document.getElementById('studio-record-button');
		if (window.refused) button.click();
		window.refused = 0;
		return button.innerText === 'End the recording';
	})()`)
}

// pushes ends the push that runs by the list of people, is refused a wrong address, and begins another
// push, whose key no dialog shows.
func (p *page) pushes(t *testing.T, server string) {
	t.Helper()
	choose := func() {
		p.click(t, "#host-menu")
		p.waitFor(t, `(() => {
			const item = [...document.querySelectorAll('.menu-item')].find((i) => i.innerText.startsWith('Push to another server'));
			item?.click();
			return Boolean(item);
		})()`)
	}
	enter := func(address, says string) {
		choose()
		p.do(t, chromedp.SendKeys("dialog.question input[type=text]", address+kb.Enter, chromedp.ByQuery))
		p.waitFor(t, `document.getElementById('toasts').innerText.includes(`+quote(says)+`)`)
	}
	const running = `(await (await fetch('/api/v1/rooms/room/outputs')).json()).outputs.filter((o) => o.state !== 'ended' && o.state !== 'failed').length`
	choose()
	p.waitForText(t, "#question-title", "The call is pushed to other servers")
	p.waitFor(t, `document.querySelectorAll('dialog .question-option').length === 2 && document.querySelector('dialog .question-option input').checked`)
	p.click(t, "dialog .primary")
	p.waitFor(t, running+` === 0 && document.getElementById('toasts').innerText.includes('The push has ended')`)
	enter("ftp://elsewhere.example/live", `"ftp" is not one of`)
	enter("whip+"+server+"/whip/other?key=SECRET", "The call is pushed to the other server")
	choose()
	p.waitFor(t, running+` === 1 && document.querySelector('dialog.question')?.innerText.includes('End the push to whip') && !document.querySelector('dialog.question').innerText.includes('SECRET')`)
	p.press(t, kb.Escape)
	p.waitFor(t, `!document.querySelector('dialog.question') && `+running+` === 1`)
}
