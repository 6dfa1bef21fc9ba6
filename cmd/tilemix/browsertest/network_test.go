package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestNetworkChange cuts the connections of a page, of TCP and UDP at once or of UDP
// alone, and lets new ones pass: it is the same participant in the same tile, and sees
// the call soon.
func TestNetworkChange(t *testing.T) {
	for _, name := range []string{"all", "UDP"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", "--turn")
			line := newDetour(t)
			url := s.url
			if name == "all" {
				url = "http://" + line.tcp(t, s.address())
			}
			script := strings.ReplaceAll(onlyTURN, "ADDRESS", line.udp(t, s.turn(t)))
			ada := openPage(t, startBrowser(t, fakeDevices, allow, sound), "Ada", url+"/r/room?name=Ada", before(script))
			bob := openPage(t, startBrowser(t, fakeDevices, allow, sound, orangeClip(t)), "Bob", s.url+"/r/room?name=Bob")
			before := bob.waitForTiles(t, "Ada", "Bob")
			for range 3 {
				ada.waitForTile(t, "Bob", orange)
				ada.waitForMotion(t, "Bob")
				bob.waitForTile(t, "Ada", green)
				bob.waitForMotion(t, "Ada")
				ada.waitForPhase(t, "connected")
				took := ada.timePause(t, line.cut)
				t.Logf("pictures after %v", took)
				if took > 10*time.Second { // 2 s and what a busy machine adds; a line that times out takes 15
					t.Errorf("pictures after %v", took)
				}
				after := ada.waitForTiles(t, "Ada", "Bob")
				if after.ID != before.person("Ada").ID || after.tile("Ada") != before.tile("Ada") {
					t.Errorf("was %s at %v, is %s at %v", before.person("Ada").ID, before.tile("Ada"), after.ID, after.tile("Ada"))
				}
			}
		})
	}
}

// timePause cuts, waits until the page's pictures have stood still and move again, and returns how long after the cut that
// was. The page looks from before the cut on, so that no pause is over before it looks.
func (p *page) timePause(t *testing.T, cut func()) time.Duration {
	t.Helper()
	p.waitFor(t, `(window.pauses = [], window.looks ??= (async () => {
		let frames = 0, since = performance.now();
		for (;;) {
			const streams = [...(await window.tilemix.pc?.getStats().catch(() => null) ?? new Map()).values()];
			const now = streams.find((s) => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded;
			if (now && now !== frames) {
				if (performance.now() - since > 700) window.pauses.push(Date.now());
				frames = now;
				since = performance.now();
			}
			await new Promise((done) => setTimeout(done, 20));
		}
	})(), true)`)
	began := time.Now()
	cut()
	over := fmt.Sprintf(`window.pauses.find((at) => at > %d)`, began.UnixMilli())
	p.waitFor(t, over)
	var at int64
	if err := p.ask(over, &at); err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(at).Sub(began)
}

// onlyTURN has every connection of a page go through one TURN server, by UDP.
const onlyTURN = `window.RTCPeerConnection = class extends RTCPeerConnection {
	constructor(configuration) {
		const iceServers = configuration.iceServers.filter((server) => server.username);
		for (const server of iceServers) server.urls = 'turn:ADDRESS?transport=udp';
		super({ ...configuration, iceServers, iceTransportPolicy: 'relay' });
	}
};`

// turn is where the server's TURN server listens on this machine.
func (s *server) turn(t *testing.T) string {
	t.Helper()
	response, err := http.Get(s.url + "/api/v1/ice-servers")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct{ ICEServers []struct{ URLs []string } }
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	for _, server := range body.ICEServers {
		for _, url := range server.URLs {
			if at := regexp.MustCompile(`^turn:.*:(\d+)\?transport=udp$`).FindStringSubmatch(url); at != nil {
				return "127.0.0.1:" + at[1]
			}
		}
	}
	t.Fatalf("there is no TURN server in %+v", body)
	return ""
}
