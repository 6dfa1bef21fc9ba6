package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// lamp has a page send a picture that is dark and at times bright, by WHIP, and notes when
// that was.
const lamp = `(async () => {
	const canvas = document.createElement('canvas');
	canvas.width = 640;
	canvas.height = 360;
	const draw = canvas.getContext('2d');
	window.lit = [];
	let shown = 0;
	setInterval(() => {
		const bright = Date.now() % 6000 < 3000;
		if (bright && !window.bright) window.lit.push(Date.now());
		window.bright = bright;
		draw.fillStyle = bright ? '#fff' : '#111';
		draw.fillRect(0, 0, 640, 360);
		draw.fillStyle = '#888';
		draw.fillRect(shown = (shown + 7) % 640, 170, 20, 20);
	}, 33);
	const pc = new RTCPeerConnection();
	pc.addTrack(canvas.captureStream(30).getVideoTracks()[0]);
	const sound = new AudioContext();
	const tone = sound.createOscillator();
	const out = sound.createMediaStreamDestination();
	tone.connect(out);
	tone.start();
	pc.addTrack(out.stream.getAudioTracks()[0]);
	await pc.setLocalDescription();
	await new Promise((done) => { pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done(); });
	const answer = await fetch('/whip/demo?name=Lamp', {
		method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription.sdp,
	});
	await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
	window.lamp = pc;
})()`

// look has the viewer's page note when the picture becomes bright.
const look = `(() => {
	const mix = document.getElementById('mix');
	const canvas = document.createElement('canvas');
	canvas.width = canvas.height = 8;
	const draw = canvas.getContext('2d', { willReadFrequently: true });
	window.seen = [];
	let before = true;
	const step = () => {
		draw.drawImage(mix, 0, 0, 8, 8);
		const bright = draw.getImageData(4, 2, 1, 1).data[0] > 128;
		if (bright && !before) window.seen.push(Date.now());
		before = bright;
		mix.requestVideoFrameCallback(step);
	};
	step();
})()`

// TestBroadcastPage watches a call by HLS: it plays on, its latency is shown, and what
// happens before the camera is seen within three seconds.
func TestBroadcastPage(t *testing.T) {
	server := serve(t, "")
	browser := startBrowser(t, fakeDevices, allow, sound)
	sender := openPage(t, browser, "Lamp", server.url+"/")
	var none any
	if err := sender.ask(lamp, &none); err != nil {
		t.Fatal(err)
	}
	sender.waitFor(t, "window.lamp?.connectionState === 'connected'")
	broadcast(t, server.url, http.MethodPut)

	viewer := openPage(t, browser, "Viewer", server.url+"/watch/demo?hls")
	viewer.waitForPhase(t, "connected")
	viewer.waitFor(t, "document.body.dataset.source === 'HLS' && /HLS, \\d+\\.\\d s behind/.test(document.getElementById('source').innerText)")
	var from, to struct{ At, Behind float64 }
	const now = `({ At: document.getElementById('mix').currentTime, Behind: tilemix.playback.latency })`
	if err := viewer.ask(now, &from); err != nil {
		t.Fatal(err)
	}
	const reached = "document.getElementById('mix').currentTime > %f"
	viewer.waitFor(t, fmt.Sprintf(reached, from.At+4)) // players begin further behind
	if err := viewer.ask(look, &none); err != nil {
		t.Fatal(err)
	}
	if err := viewer.ask(now, &from); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	viewer.waitFor(t, fmt.Sprintf(reached+" && window.seen.length > 3", from.At+10))
	span := time.Since(began).Round(time.Second / 10)
	if err := viewer.ask(now, &to); err != nil {
		t.Fatal(err)
	}
	// A machine that is busy elsewhere has the player wait; what it is like at best is
	// the broadcast's.
	if played := to.At - from.At; played < span.Seconds()/2 {
		t.Errorf("%.1f s played in %v", played, span)
	}
	late := delays(t, sender, viewer)
	t.Logf("from glass to glass %v; the page says %.1f s, then %.1f s; %.1f s played in %v", late, from.Behind, to.Behind, to.At-from.At, span)
	if len(late) < 2 || late[0] > 3*time.Second {
		t.Errorf("from glass to glass %v", late)
	}

	broadcast(t, server.url, http.MethodDelete)
	viewer.waitFor(t, "document.body.dataset.phase === 'reconnecting'")
}

// delays are the times from each light to when it was seen, the shortest first.
func delays(t *testing.T, sender, viewer *page) []time.Duration {
	t.Helper()
	var lit, seen []int64
	if err := sender.ask("window.lit", &lit); err != nil {
		t.Fatal(err)
	}
	if err := viewer.ask("window.seen", &seen); err != nil {
		t.Fatal(err)
	}
	var late []time.Duration
	for _, at := range seen {
		i, _ := slices.BinarySearch(lit, at)
		if i > 0 {
			late = append(late, time.Duration(at-lit[i-1])*time.Millisecond)
		}
	}
	slices.Sort(late)
	return late
}

func broadcast(t *testing.T, url, method string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url+"/api/v1/rooms/demo/broadcast", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatal(fmt.Errorf("%s: %s", method, response.Status))
	}
}
