package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWebSocketBlocked has a proxy refuse WebSockets: the page joins by WHIP and is in the call with
// layout, chat and mute. Where WHIP is refused too, it does all that by events and posts. A reload brings
// it back and leaves nobody behind, and it leaves at once.
func TestWebSocketBlocked(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	bob := openPage(t, startBrowser(t, calmDevices, allow, sound, orangeClip(t)), "Bob", s.url+"/r/room?name=Bob")
	bob.waitForPhase(t, "connected")
	for _, way := range []struct{ name, refused, taken string }{
		{"WHIP", "/ws/", "/whip/"},
		{"events and posts", "/whip/", "/sse/"},
	} {
		t.Run(way.name, func(t *testing.T) {
			proxy, count := blocking(t, s.url, way.refused)
			blocked(t, bob, proxy)
			if count(way.refused) == 0 || count(way.taken) == 0 {
				t.Errorf("%d requests of %s were refused, %d of %s were not", count(way.refused), way.refused, count(way.taken), way.taken)
			}
		})
	}
}

// blocking starts a proxy that refuses WebSockets, and all requests below a path. It counts requests by
// what their path begins with.
func blocking(t *testing.T, url, path string) (proxy string, count func(path string) int64) {
	t.Helper()
	there, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	var counts sync.Map
	of := func(path string) *atomic.Int64 {
		n, _ := counts.LoadOrStore(path, new(atomic.Int64))
		return n.(*atomic.Int64)
	}
	through := httputil.NewSingleHostReverseProxy(there)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		of("/" + first + "/").Add(1)
		if r.Header.Get("Upgrade") != "" || strings.HasPrefix(r.URL.Path, path) && r.Method != http.MethodGet {
			http.Error(w, "not here", http.StatusForbidden)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p.URL, func(path string) int64 { return of(path).Load() }
}

// blocked has Ada join Bob's call through a proxy, do what a participant does, and leave.
func blocked(t *testing.T, bob *page, proxy string) {
	t.Helper()
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
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", proxy+"/r/room?name=Ada", timed)
	ada.waitForPhase(t, "connected")
	before := ada.waitForTiles(t, "Ada", "Bob")
	chats, _ := strconv.Atoi(bob.text("#chat-count")) // hidden: none
	ada.waitFor(t, `window.took !== undefined`)       // its own timer may be later than the test's look
	var took float64
	if err := ada.ask(`window.took`, &took); err != nil {
		t.Fatal(err)
	}
	t.Logf("in the call after %.0f ms", took)
	if limit := 10 * time.Second; time.Duration(took)*time.Millisecond > limit {
		t.Errorf("in the call after %.0f ms, want %v", took, limit)
	}
	ada.waitForTile(t, "Bob", orange)
	bob.waitForTile(t, "Ada", green)

	ada.press(t, "m")
	bob.waitForState(t, "Ada has changed its microphone", func(now state) bool {
		return now.person("Ada").AudioMuted != before.person("Ada").AudioMuted
	})
	ada.press(t, "l")
	other := func(now state) bool { return now.Layout.Name != before.Layout.Name }
	bob.waitForState(t, "another layout", other)
	ada.waitForState(t, "another layout", other)
	ada.press(t, "c")
	ada.waitFor(t, `document.activeElement?.id === 'chat-text'`)
	ada.press(t, "hello"+kb.Enter+kb.Escape)
	bob.waitForText(t, "#chat-count", strconv.Itoa(chats+1))
	ada.press(t, "m")
	ada.waitForMotion(t, "Bob")

	ada.do(t, chromedp.Reload())
	ada.waitForPhase(t, "connected")
	ada.waitForTiles(t, "Ada", "Bob")
	bob.waitForTiles(t, "Ada", "Bob")
	ada.click(t, "#leave")
	bob.waitForTiles(t, "Bob")
}
