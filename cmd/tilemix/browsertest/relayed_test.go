package browsertest

import (
	"fmt"
	"image"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// watches waits until the whole picture of a viewer's page moves, from now on.
func (p *page) watches(t *testing.T) {
	t.Helper()
	var first image.Image
	p.waitForPicture(t, "the picture moves", func(m image.Image) (string, bool) {
		if first == nil || first.Bounds() != m.Bounds() {
			first = m
		}
		change := moved(first, m, m.Bounds())
		return fmt.Sprintf("%.4f of it changed", change), change > 0.002
	})
}

// relays waits until a node sends so many viewers what another mixes.
func (s *server) relays(t *testing.T, viewers int) {
	t.Helper()
	eventually(t, fmt.Sprintf("it relays for %d", viewers), func() (string, bool) {
		response, err := http.Get(s.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("\ntilemix_relay_viewers %d\n", viewers)
		return "no " + line, strings.Contains(string(text), line)
	})
}

// TestRelayed has viewers' pages receive a room by a relay. One page came by the home, and goes on after the relay is
// killed. The other came by the relay, and goes on after the home is killed, by the connection that it has.
func TestRelayed(t *testing.T) {
	t.Parallel()
	for _, dies := range []string{"relay", "home"} {
		t.Run(dies, func(t *testing.T) {
			t.Parallel()
			nodes := clusterOf(t, []string{"--relay-above", "1"}, "a", "b")
			nodes["a"].tone(t, "room")
			home := nodes["a"].awaitHome(t, "room")
			relay := map[string]string{"a": "b", "b": "a"}[home]
			entry, dead := nodes[home], nodes[relay]
			if dies == "home" {
				entry, dead = nodes[relay], nodes[home]
				nodes[relay].tone(t, "room") // it comes back by the relay
			}
			p := openPage(t, startBrowser(t, calmDevices, allow, sound), "Vera", entry.url+"/watch/room")
			p.waitForPhase(t, "connected")
			nodes[relay].relays(t, 1)
			p.watches(t)
			p.do(t, chromedp.Evaluate(`window.tilemix.pc.old = true`, nil), chromedp.Evaluate(`
				window.phases = [];
				new MutationObserver(() => window.tilemix.pc?.old && phases.push(document.body.dataset.phase)).observe(document.body, { attributeFilter: ['data-phase'] });
			`, nil))
			killed := time.Now()
			dead.stop(syscall.SIGKILL)
			if dies == "relay" {
				p.waitFor(t, `window.tilemix?.pc && !window.tilemix.pc.old && window.tilemix.pc.connectionState === 'connected'`)
			}
			p.watches(t)
			t.Logf("the picture moves again %v after the death", time.Since(killed).Round(10*time.Millisecond))
			p.waitForPhase(t, "connected")
			if dies == "relay" { // the page asks its server, and does not wait until the browser gives the relay up
				p.waitFor(t, `!phases.includes('stalled')`)
			}
			p.waitFor(t, fmt.Sprintf(`Boolean(window.tilemix.pc.old) === %v`, dies == "home"))
			p.close(t)
		})
	}
}
