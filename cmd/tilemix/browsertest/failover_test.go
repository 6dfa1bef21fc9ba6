package browsertest

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestPagesMove has a page of each browser, that came by one server, lose the other, which mixes its room: once it
// drains, and once it is killed. The page keeps its ID, and shows the others again.
func TestPagesMove(t *testing.T) {
	if os.Getenv(crossingVariable) == "" {
		t.Skip(crossingVariable + "=1 moves pages of two browsers, which takes a machine that does nothing else")
	}
	chromium := func(t *testing.T, url string) *page {
		return openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", url)
	}
	firefox := func(t *testing.T, url string) *page { return startFirefox(t).open(t, "Ada", url) }
	drain := func(t *testing.T, nodes map[string]*server, entry, home string) { nodes[entry].drain(t, home) }
	kill := func(t *testing.T, nodes map[string]*server, _, home string) { nodes[home].stop(syscall.SIGKILL) }
	t.Run("Chromium, drain", func(t *testing.T) { movePage(t, chromium, drain) })
	t.Run("Chromium, death", func(t *testing.T) { movePage(t, chromium, kill) })
	t.Run("Firefox, drain", func(t *testing.T) { movePage(t, firefox, drain) })
	t.Run("Firefox, death", func(t *testing.T) { movePage(t, firefox, kill) })
}

func movePage(t *testing.T, open func(t *testing.T, url string) *page, end func(t *testing.T, nodes map[string]*server, entry, home string)) {
	const entry, home = "a", "b"
	nodes := cluster(t, entry, home)
	room := ""
	for n := 0; ; n++ { // one that the cluster places there
		room = fmt.Sprint("room-", n)
		stop := nodes[entry].tone(t, room)
		if nodes[entry].awaitHome(t, room) == home {
			break
		}
		stop()
	}
	ada := open(t, nodes[entry].url+"/r/"+room+"?name=Ada")
	before := ada.waitForTiles(t, "Tone", "Ada")
	ada.waitForPhase(t, "connected")
	ada.waitForMotion(t, "Tone")
	var marked bool
	if err := ada.ask(`window.tilemix.pc.old = true`, &marked); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	end(t, nodes, entry, home)
	ada.waitFor(t, `window.tilemix?.pc && !window.tilemix.pc.old && window.tilemix.pc.connectionState === 'connected'`)
	t.Logf("a new connection after %v", time.Since(began))
	after := ada.waitForTiles(t, "Tone", "Ada")
	ada.waitForMotion(t, "Tone")
	t.Logf("all others after %v", time.Since(began))
	if person := before.person("Ada"); after.ID != person.ID {
		t.Errorf("Ada was %s, and is %s", person.ID, after.ID)
	}
}
