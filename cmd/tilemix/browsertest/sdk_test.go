package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// tenLines is the program that the guide begins with, word for word but for the server's address.
const tenLines = `import { join } from 'https://mix.example/sdk.js'
const call = await join('https://mix.example/r/demo', { name: 'Ada', camera: true, microphone: true })
document.body.append(call.element)                 // <video> with picture and sound, own preview laid over its tile
call.on('participants', p => list(p))              // [{id, name, audio, video, hand, speaking, you}]
call.on('left', ({ reason, code }) => say(reason)) // enum, see B10
await call.mute({ microphone: true })
await call.share()                                 // screen
await call.set({ layout: 'speaker', pin: [id] })
call.chat('hello'); call.hand(true)
await call.leave()
`

// TestSDK runs the ten lines in a page of another origin, in both browsers, beside a participant of
// the call page that sees what they do.
func TestSDK(t *testing.T) {
	t.Parallel()
	site := httptest.NewUnstartedServer(nil)
	origin := "http://" + site.Listener.Addr().String()
	s := serve(t, "", "--allow-origin", origin, "--max-views", "8")
	program := strings.ReplaceAll(tenLines, "https://mix.example", s.url)
	// Between its lines the page only notes what it had.
	before, last, found := strings.Cut(program, "await call.leave()")
	if !found {
		t.Fatal("the ten lines do not leave")
	}
	site.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><title>shop</title><body data-phase="site"><script type="module">
			const id = 'nobody'
			window.said = []; window.listed = []
			const say = (text) => said.push(String(text)), list = (p) => { listed = p }
			if (location.search) navigator.mediaDevices.getDisplayMedia = async () => {
				const canvas = document.createElement('canvas'), pen = canvas.getContext('2d')
				setInterval(() => pen.fillRect(0, 0, 100, 100), 100)
				return canvas.captureStream()
			}
			try {` + strings.ReplaceAll(before, "import { join } from '"+s.url+"/sdk.js'\n", "const { join } = await import('"+s.url+"/sdk.js')\n") + `
				window.call = call
				await new Promise((done) => { window.go = done })
				await call.leave()` + last + `
				window.done = true
			} catch (error) { window.failed = error.code + ': ' + error.message }
		</script>`))
	})
	site.Start()
	t.Cleanup(site.Close)
	chromium := startBrowser(t, calmDevices, allow, sound)
	bob := openPage(t, chromium, "Bob", s.url+"/r/demo?name=Bob")
	bob.waitForPhase(t, "connected")
	t.Run("Chromium", func(t *testing.T) { runTenLines(t, openPage(t, chromium, "site", origin), bob, 1) })
	t.Run("Firefox", func(t *testing.T) {
		// Without a display it has no screen to share, so that the page draws one.
		runTenLines(t, startFirefox(t).open(t, "site", origin+"/?draw"), bob, 2)
	})
}

func runTenLines(t *testing.T, site, bob *page, messages int) {
	t.Helper()
	eventually(t, "the ten lines run", func() (string, bool) {
		site.waitFor(t, "window.go || window.failed")
		var failed string
		err := site.ask("window.failed ?? ''", &failed)
		if strings.HasPrefix(failed, "view_limit:") { // a server that is busy for a moment refuses a view
			_ = site.ask("(window.failed = '', location.reload(), true)", new(bool))
			return failed, false
		}
		if err != nil || failed != "" {
			t.Fatalf("the ten lines: %s %v", failed, err)
		}
		return "", true
	})
	site.waitFor(t, "call.state === 'in' && call.element.querySelector('video').videoWidth > 0")
	site.waitFor(t, "listed.some((p) => p.you && p.name === 'Ada' && !p.audio && p.hand === 1) && listed.some((p) => p.name === 'Bob')")
	bob.waitFor(t, fmt.Sprintf("document.querySelectorAll('#messages .message-text').length === %d", messages))
	if err := site.ask("(go(), true)", new(bool)); err != nil {
		t.Error(err)
	}
	site.waitFor(t, "window.done === true && said.length === 1 && call.state === 'left'")
	bob.waitFor(t, "tilemix.state.participants.length === 1")
}
