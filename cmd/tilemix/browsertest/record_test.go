package browsertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestRecord records a call by the page's button. Everybody sees that; the file plays
// while it grows and when it is whole, and it can be sought in.
func TestRecord(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--data-dir", t.TempDir())
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/rec?name=Ada")
	ada.waitForTiles(t, "Ada") // the first in the call is its host
	bob := openPage(t, browser, "Bob", s.url+"/r/rec?name=Bob")
	for _, p := range []*page{ada, bob} {
		p.waitForPhase(t, "connected")
		p.waitForTiles(t, "Ada", "Bob")
	}
	ada.click(t, "#record")
	for _, p := range []*page{ada, bob} {
		p.waitForText(t, "#recording-text", "Recording")
		p.waitFor(t, `!document.getElementById('recording').hidden && document.getElementById('record').getAttribute('aria-pressed') === 'true'`)
	}
	late := openPage(t, browser, "Late", s.url+"/r/rec?name=Late")
	late.waitFor(t, `!document.getElementById('recording').hidden`)

	one := s.recordingOf(t, "rec", func(r recorded) bool { return r.State == "recording" && r.Length > 4 })
	file := "/api/v1/recordings/" + one.ID + "/file"
	watcher := openPage(t, browser, "Watcher", s.url+"/watch/rec")
	play(t, watcher, file) // as it grows

	ada.click(t, "#record")
	ada.click(t, "dialog.question .danger")
	for _, p := range []*page{ada, bob, late} {
		p.waitFor(t, `document.getElementById('recording').hidden`)
	}
	// The host has the file, by an address that needs no header; the others do not.
	ada.waitFor(t, fmt.Sprintf(`document.getElementById('recording-file').href.includes(%q)`, file+"/"))
	bob.waitFor(t, `document.getElementById('recording-file').hidden`)
	whole := s.recordingOf(t, "rec", func(r recorded) bool { return r.State == "finished" })
	// Chromium keeps what it knows of an address for five minutes, whatever it is told.
	play(t, watcher, file+"?whole")
	watcher.waitFor(t, fmt.Sprintf(`Math.abs(window.film.duration - %f) < 0.1`, whole.Length))
	watcher.do(t, chromedp.Evaluate(fmt.Sprintf(`window.film.currentTime = %f`, whole.Length-1), nil))
	watcher.waitFor(t, fmt.Sprintf(`!window.film.seeking && window.film.currentTime >= %f`, whole.Length-1))

	// A recording begins, and then ends, while the page asks about the state before.
	ada.do(t, chromedp.Evaluate(`window.asked = [];
		window.fetch = async (_, { method = 'GET' } = {}) => (method === 'GET' || window.asked.push(method), new Response('{}'));
		window.runs = (...ids) => window.tilemix.ws.dispatchEvent(new MessageEvent('message', {
			data: JSON.stringify({ type: 'recordings', recordings: ids.map((id) => ({ id, state: 'recording' })) }),
		}))`, nil))
	answer := func(meanwhile string) {
		ada.press(t, "r")
		ada.waitFor(t, `document.querySelector('dialog.question')`)
		ada.do(t, chromedp.Evaluate(meanwhile, nil))
		ada.click(t, "dialog.question button:not([type])")
		ada.waitFor(t, `!document.querySelector('dialog.question')`)
	}
	answer(`window.runs('another')`)
	answer(`window.runs()`)
	answer(``)
	ada.waitFor(t, `window.asked.join() === 'POST'`)
}

// play plays a file of the server's: the picture moves, and nothing is wrong with it.
func play(t *testing.T, p *page, file string) {
	t.Helper()
	p.do(t, chromedp.Evaluate(fmt.Sprintf(`
		window.film?.remove();
		window.film = Object.assign(document.createElement('video'), { src: %q, muted: true });
		document.body.append(window.film);
		void window.film.play();`, file), nil))
	p.waitFor(t, `window.film.currentTime > 1.5 && window.film.videoWidth === 1280`)
	p.waitFor(t, `window.film.getVideoPlaybackQuality().totalVideoFrames > 5 && !window.film.error`)
	p.waitFor(t, `window.film.webkitAudioDecodedByteCount > 0`)
}

// recorded is what the API says of a recording.
type recorded struct {
	ID, State string
	Length    float64
}

// recordingOf waits until a room's only recording is as it is to be.
func (s *server) recordingOf(t *testing.T, room string, ok func(recorded) bool) (r recorded) {
	t.Helper()
	eventually(t, "a recording", func() (string, bool) {
		response, err := http.Get(s.url + "/api/v1/rooms/" + room + "/recordings")
		if err != nil {
			return err.Error(), false
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		var all struct{ Recordings []recorded }
		if err := json.Unmarshal(body, &all); err != nil || len(all.Recordings) != 1 {
			return string(body), false
		}
		r = all.Recordings[0]
		return string(body), ok(r)
	})
	return r
}
