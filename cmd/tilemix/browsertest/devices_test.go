package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// lateDevices has the browser give camera and microphone only after release() is called. The page's
// variable late has the tracks.
const lateDevices = `{
	const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
	const released = new Promise((done) => { window.release = done; });
	window.late = [];
	navigator.mediaDevices.getUserMedia = async (wanted) => {
		const stream = await ask(wanted);
		window.late.push(...stream.getTracks());
		await released;
		return stream;
	};
}`

const allEnded = `window.late.length === 2 && window.late.every((t) => t.readyState === 'ended')`

// TestLateDevices has the browser give camera and microphone after the participant has left, and
// after the lobby's camera was switched off. The page keeps none that is not wanted any more.
func TestLateDevices(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	release := chromedp.Evaluate(`window.release()`, nil)

	t.Run("call", func(t *testing.T) {
		ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada", before(lateDevices))
		ada.waitForPhase(t, "connected")
		ada.waitFor(t, `window.late.length === 2`)
		ada.click(t, "#leave")
		ada.waitForPhase(t, "left")
		ada.do(t, release)
		ada.waitFor(t, allEnded)
		ada.press(t, "v")
		ada.waitFor(t, `/Camera o/.test(document.getElementById('live').textContent)`)
		ada.waitFor(t, allEnded)
	})

	t.Run("lobby", func(t *testing.T) {
		bob := openPage(t, browser, "Bob", s.url+"/r/room", before(lateDevices))
		bob.waitFor(t, `window.late?.length === 2`)
		bob.click(t, "#lobby-camera")
		bob.do(t, release)
		bob.waitFor(t, `window.late.every((t) => t.readyState === (t.kind === 'audio' ? 'live' : 'ended'))`)
		bob.click(t, "#lobby-camera")
		bob.waitFor(t, `window.late.length === 3 && window.late[2].readyState === 'live'
			&& document.getElementById('preview').srcObject?.getVideoTracks()[0] === window.late[2]`)
	})
}
