package browsertest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/signaling"
)

// inside runs a server in this process, whose rooms a test can reach.
func inside(t *testing.T) (rooms *mcu.Server, url string) {
	t.Helper()
	needBrowser(t)
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	rooms, err := mcu.NewServer(mcu.DefaultConfig(), log)
	if err != nil {
		t.Fatal(err)
	}
	site, err := signaling.New(rooms, signaling.Default(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = rooms.Run(ctx) })
	pages := httptest.NewServer(site)
	t.Cleanup(func() {
		cancel()
		running.Wait()
		pages.CloseClientConnections()
		pages.Close()
	})
	return rooms, pages.URL
}

// TestMove moves a page to another room: it shows that room, over the connection that it has, and
// returns there when it is loaded again.
func TestMove(t *testing.T) {
	rooms, url := inside(t)
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", url+"/r/here?name=Ada")
	bob := openPage(t, startBrowser(t, calmDevices, allow, sound, orangeClip(t)), "Bob", url+"/r/there?name=Bob")
	ada.waitForTile(t, "Ada", green)
	before := ada.waitForTiles(t, "Ada")
	bob.waitForTiles(t, "Bob")
	ada.do(t, chromedp.Evaluate(`window.tilemix.pc.old = window.tilemix.ws.old = true`, nil))
	began := time.Now()
	if err := rooms.Move("here", before.ID, "there"); err != nil {
		t.Fatal(err)
	}
	if after := ada.waitForTiles(t, "Bob", "Ada"); after.ID != before.ID {
		t.Errorf("was %s, is %s", before.ID, after.ID)
	}
	ada.waitForTile(t, "Bob", orange)
	t.Logf("the other room is seen after %v", time.Since(began))
	bob.waitForTile(t, "Ada", green)
	ada.waitForMotion(t, "Bob")
	ada.waitFor(t, `window.tilemix.pc.old && window.tilemix.ws.old && location.pathname === '/r/there' && document.title.startsWith('there')`)
	ada.waitFor(t, `document.getElementById('room-name').textContent === 'there'`) // small windows have no place for it
	ada.reload(t, func(state) {}, "Bob", "Ada")
	ada.waitFor(t, `window.tilemix.pc && !window.tilemix.pc.old`)
	ada.close(t)
	bob.close(t)
}
