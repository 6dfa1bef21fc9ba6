package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWebSocketBlocked has a proxy refuse WebSockets: the page joins by WHIP and is in the call with
// layout, chat and mute. A reload brings it back and leaves nobody behind, and it leaves at once.
func TestWebSocketBlocked(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	there, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	var refused atomic.Int64
	through := httputil.NewSingleHostReverseProxy(there)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			refused.Add(1)
			http.Error(w, "no WebSockets here", http.StatusForbidden)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)

	bob := openPage(t, startBrowser(t, fakeDevices, allow, sound, orangeClip(t)), "Bob", s.url+"/r/room?name=Bob")
	bob.waitForPhase(t, "connected")
	timed := chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := devtools.AddScriptToEvaluateOnNewDocument(`(() => {
			let began = 0;
			const look = setInterval(() => {
				if (window.tilemix?.ws) began ||= performance.now();
				if (window.tilemix?.state.phase !== 'connected' || !window.tilemix.state.layout) return;
				clearInterval(look);
				window.took = performance.now() - began;
			}, 10);
		})()`).Do(ctx)
		return err
	})
	ada := openPage(t, startBrowser(t, fakeDevices, allow, sound), "Ada", proxy.URL+"/r/room?name=Ada", timed)
	ada.waitForPhase(t, "connected")
	before := ada.waitForTiles(t, "Ada", "Bob")
	var took float64
	if err := ada.ask(`window.took`, &took); err != nil {
		t.Fatal(err)
	}
	t.Logf("in the call after %.0f ms, %d WebSockets refused", took, refused.Load())
	if limit := 3 * time.Second; time.Duration(took)*time.Millisecond > limit || refused.Load() == 0 {
		t.Errorf("in the call after %.0f ms, want %v; %d WebSockets refused", took, limit, refused.Load())
	}
	ada.waitForTile(t, "Bob", orange)
	bob.waitForTile(t, "Ada", green)

	ada.press(t, "m")
	bob.waitForState(t, "Ada has changed its microphone", func(now state) bool {
		return now.person("Ada").AudioMuted != before.person("Ada").AudioMuted
	})
	ada.press(t, "l")
	bob.waitForState(t, "the speaker layout", func(now state) bool { return now.Layout.Name == "speaker" })
	ada.waitForState(t, "the speaker layout", func(now state) bool { return now.Layout.Name == "speaker" })
	ada.press(t, "c")
	ada.waitFor(t, `document.activeElement?.id === 'chat-text'`)
	ada.press(t, "hello"+kb.Enter+kb.Escape)
	bob.waitForText(t, "#chat-count", "1")
	ada.press(t, "m")
	ada.waitForMotion(t, "Bob")

	ada.do(t, chromedp.Reload())
	ada.waitForPhase(t, "connected")
	ada.waitForTiles(t, "Ada", "Bob")
	bob.waitForTiles(t, "Ada", "Bob")
	ada.click(t, "#leave")
	bob.waitForTiles(t, "Bob")
}
