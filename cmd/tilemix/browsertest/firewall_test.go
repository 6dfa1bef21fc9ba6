package browsertest

import (
	"context"
	"strings"
	"testing"

	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tilemix/mcu/mcutest"
)

// onlyRelay returns a script that keeps every connection of a page to the TURN servers it is told, and to one protocol
// to reach them. Chromium gathers no more once a connection stands, so that of two protocols the one that answers first
// stays, which is not always UDP.
func onlyRelay(protocol string) string {
	return strings.ReplaceAll(`{
	const only = (configuration) => ({
		...configuration, iceTransportPolicy: 'relay',
		iceServers: (configuration?.iceServers ?? []).map((server) => ({
			...server, urls: [server.urls].flat().filter((url) => url.endsWith('transport=PROTOCOL')),
		})),
	});
	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(configuration) { super(only(configuration)); }
		setConfiguration(configuration) { super.setConfiguration(only(configuration)); }
	};
}`, "PROTOCOL", protocol)
}

// before runs a script in a page before the page's own.
func before(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := pages.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

// waitForWay waits until the connection uses such candidates: the page's own type,
// or any where the way names none, and the protocol by which it reaches the server or
// the TURN server.
func (p *page) waitForWay(t *testing.T, way string) {
	t.Helper()
	eventually(t, p.name+": the way is "+way, func() (string, bool) {
		var got string
		err := p.ask(`(async () => {
			const report = await window.tilemix?.pc?.getStats() ?? new Map();
			const transport = [...report.values()].find((s) => s.type === 'transport');
			const local = report.get(report.get(transport?.selectedCandidatePairId)?.localCandidateId);
			return local ? local.candidateType + ' ' + (local.relayProtocol ?? local.protocol) : '';
		})()`, &got)
		if err != nil {
			return err.Error(), false
		}
		return got, strings.HasSuffix(got, way)
	})
}

// TestFirewalls has somebody send and receive by one way while all others are closed.
func TestFirewalls(t *testing.T) {
	t.Parallel()
	noUDP := option{"webrtc-ip-handling-policy", "disable_non_proxied_udp"}
	for _, test := range []struct {
		name, way string
		options   []option
		script    string
		port      bool // of media and TURN is that of HTTP
	}{
		{name: "relay", way: "relay udp", script: onlyRelay("udp")},
		{name: "no UDP", way: " tcp", options: []option{noUDP}, port: true},
		{name: "relay without UDP", way: "relay tcp", options: []option{noUDP}, script: onlyRelay("tcp"), port: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			flags := []string{"--turn"}
			if test.port {
				flags = []string{"--port", mcutest.Port(t)}
			}
			s := serve(t, "", flags...)
			browser := startChromium(t, needBrowser(t), append(test.options, calmDevices, allow, sound)...) // the shell has no such policy
			ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada", before(test.script))
			ada.waitForPhase(t, "connected")
			ada.waitForTile(t, "Ada", green)
			ada.waitForMotion(t, "Ada")
			ada.waitForWay(t, test.way)
			watcher := openPage(t, browser, "Watcher", s.url+"/watch/room", before(test.script))
			watcher.waitForPhase(t, "connected")
		})
	}
}
