package browsertest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tilemix/mcu/presence"
)

// reload makes a page ready, loads it again, and returns what it knew before: it is the same participant. The
// server keeps the place for presence.GraceGone. Where a busy machine took longer, all is done again with the new one.
func (p *page) reload(t *testing.T, ready func(now state), names ...string) (before state) {
	t.Helper()
	for first := time.Now(); ; {
		before = p.waitForTiles(t, names...)
		ready(before)
		began := time.Now()
		p.do(t, chromedp.Reload())
		p.waitFor(t, `window.tilemix?.state?.id`)
		took := time.Since(began)
		p.waitForPhase(t, "connected")
		after := p.waitForTiles(t, names...)
		if after.ID == before.ID {
			return before
		}
		if took < presence.GraceGone || time.Since(first) > patience {
			t.Fatalf("%s was %s, is %s %v after it was loaded again", p.name, before.ID, after.ID, took)
		}
		t.Logf("%s needed %v to load its page again", p.name, took)
	}
}

// TestComesBack reloads a page and cuts its WebSocket: each time it is the same
// participant in the same tile.
func TestComesBack(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	bob := openPage(t, startBrowser(t, calmDevices, allow, sound, orangeClip(t)), "Bob", s.url+"/r/room?name=Bob")
	bob.waitForTiles(t, "Ada", "Bob")
	bob.waitForTile(t, "Ada", green)
	for name, cut := range map[string]func(t *testing.T) (before state){
		"reload": func(t *testing.T) state { return ada.reload(t, func(state) {}, "Ada", "Bob") },
		"WebSocket": func(t *testing.T) state {
			before := ada.waitForTiles(t, "Ada", "Bob")
			ada.do(t, chromedp.Evaluate(`window.tilemix.ws.close(3999)`, nil))
			return before
		},
	} {
		t.Run(name, func(t *testing.T) {
			ada.do(t, chromedp.Evaluate(`window.tilemix.pc.old = true`, nil))
			began := time.Now()
			before := cut(t)
			ada.waitFor(t, `window.tilemix?.pc && !window.tilemix.pc.old`)
			ada.waitForStream(t, "pictures", "inbound", "video", func(s stream) bool { return s.Frames > 0 })
			t.Logf("pictures after %v", time.Since(began))
			ada.waitForPhase(t, "connected")
			after := ada.waitForTiles(t, "Ada", "Bob")
			if after.ID != before.ID || after.tile("Ada") != before.tile("Ada") {
				t.Errorf("was %s at %v, is %s at %v", before.ID, before.tile("Ada"), after.ID, after.tile("Ada"))
			}
			ada.waitForTile(t, "Bob", orange)
			bob.waitForTile(t, "Ada", green)
			bob.waitForMotion(t, "Ada")
		})
	}
	// An ICE restart, as after a change of network, is no new connection.
	// Two changes, of which the second comes before the answer to the first, are one restart.
	ada.do(t, chromedp.Evaluate(`(() => {
		const { pc, ws } = window.tilemix, send = ws.send.bind(ws);
		pc.old = true;
		window.offers = 0;
		ws.send = (text) => { if (JSON.parse(text).type === 'offer') window.offers += 1; send(text); };
		ws.addEventListener('message', ({ data }) => { if (JSON.parse(data).type === 'answer') window.offered ??= window.offers; });
		for (const _ of [1, 2]) window.dispatchEvent(new Event('online'));
	})()`, nil))
	ada.waitFor(t, `window.offered === 1`)
	ada.waitFor(t, `window.tilemix.pc.signalingState === 'stable' && window.tilemix.pc.old`)
	ada.waitForMotion(t, "Bob")
	ada.click(t, "#leave")
	bob.waitForTiles(t, "Bob")
}

// TestHalfOpen has a page's WebSocket go dead while it stays open and media flows: the
// page notices, and comes back as the same participant.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	line := newDetour(t)
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", "http://"+line.tcp(t, s.address())+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	before := ada.waitForTiles(t, "Ada")
	ada.waitForTile(t, "Ada", green)
	ada.do(t, chromedp.Evaluate(`window.tilemix.ws.old = true`, nil))
	line.cut()
	began := time.Now()
	ada.waitFor(t, `window.tilemix.ws && !window.tilemix.ws.old`)
	took := time.Since(began)
	t.Logf("noticed after %v", took)
	if took > 15*time.Second {
		t.Errorf("noticed after %v", took)
	}
	ada.waitForPhase(t, "connected")
	ada.waitForState(t, "the same participant", func(now state) bool {
		return now.ID == before.ID && now.tile("Ada") == before.tile("Ada")
	})
	ada.waitForMotion(t, "Ada")
}
