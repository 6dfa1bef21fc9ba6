package browsertest

import "testing"

// TestQualitySigns has a page report that it shows few of the pictures that it gets: it says whose fault that
// is. The others see a sign on the tile and in the list.
func TestQualitySigns(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob")
	there := ada.waitForTiles(t, "Ada", "Bob")
	bob.waitForTiles(t, "Ada", "Bob")
	if err := bob.ask(`(() => {
		const { ws } = window.tilemix;
		const send = ws.send.bind(ws);
		let n = 0;
		ws.send = (text) => {
			const message = JSON.parse(text);
			if (message.type === 'report') window.reported = message;
			else send(text);
		};
		setInterval(() => send(JSON.stringify({ type: 'report', framesDecoded: n += 10, framesDropped: n * 0.9 | 0 })), 300);
		return true;
	})()`, new(bool)); err != nil {
		t.Fatal(err)
	}
	// A machine that is busy with other tests has more faults, which may come first.
	bob.waitFor(t, `/^(Your (device|upload|download|connection|camera)|The server) (is|loses|sends) /.test(document.getElementById('quality').innerText.trim()) && document.getElementById('quality').checkVisibility()`)

	// The page's own report, which the server did not get, is of this browser and its streams.
	bob.waitFor(t, `window.reported?.browser.startsWith('Chrome/') && reported.framesDecoded > 0 && reported.framesSent > 0 && reported.buffer > 0
		&& [reported.framesDropped, reported.freeze, reported.concealed].every((n) => Number.isInteger(n) && n >= 0) && ['', 'cpu', 'bandwidth'].includes(reported.limitedBy) && reported.relayed === false`)

	// What others have is as the server says: here its list, with a fault that no busy machine makes.
	hear := `(() => {
		const { ws, state } = window.tilemix;
		const participants = state.participants.map((p) => ({ ...p, ...(p.name === 'Bob' && { quality: 'poor', cause: 'loss', direction: 'up' }) }));
		ws.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'participants', participants }) }));
		return true;
	})()`
	sign := `document.querySelector('#tiles [data-tile="` + there.person("Bob").ID + `"] .tile-fault')`
	ada.press(t, "p")
	ada.waitFor(t, hear+` && `+sign+`.title === 'upload loses data' && `+sign+`.checkVisibility() && document.querySelector('#people [data-id="`+there.person("Bob").ID+`"]').innerText.includes('upload loses data')`)
	ada.keep(t, "quality")
}
