package browsertest

import (
	"context"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// leftOnly makes a page's microphone stereo, with a tone in the left channel alone.
const leftOnly = `navigator.mediaDevices.getUserMedia = async (wanted) => {
	const canvas = document.createElement('canvas');
	[canvas.width, canvas.height] = [320, 180];
	const g = canvas.getContext('2d');
	setInterval(() => g.fillRect(0, 0, 320, 180), 100);
	const audio = new AudioContext();
	const voice = audio.createOscillator();
	const channels = audio.createChannelMerger(2);
	const out = audio.createMediaStreamDestination();
	voice.frequency.value = 440;
	voice.connect(channels, 0, 0);
	channels.connect(out);
	voice.start();
	return new MediaStream([
		...(wanted.video ? canvas.captureStream(10).getTracks() : []),
		...(wanted.audio ? out.stream.getTracks() : []),
	]);
};`

// listen measures both channels of what a page receives, in window.level, from now on.
const listen = `(() => {
	const audio = new AudioContext();
	const heard = audio.createMediaStreamSource(document.getElementById('mix').srcObject);
	const channels = audio.createChannelSplitter(2);
	heard.connect(channels);
	const meters = [0, 1].map((channel) => {
		const meter = audio.createAnalyser();
		channels.connect(meter, channel);
		return meter;
	});
	const samples = new Float32Array(meters[0].fftSize);
	Object.defineProperty(window, 'level', { get: () => meters.map((meter) => {
		meter.getFloatTimeDomainData(samples);
		return Math.hypot(...samples) / Math.sqrt(samples.length);
	}) });
})()`

// TestStereo has a page send stereo to a room that mixes stereo. A page that listens plays the tone on
// the left, and next to nothing on the right.
func TestStereo(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--audio-channels", "2")
	browser := startBrowser(t, allow, sound)
	musician := openPage(t, browser, "Musician", s.url+"/r/demo", chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument(leftOnly).Do(ctx)
		return err
	}))
	musician.waitFor(t, `document.activeElement?.id === 'name' && document.getElementById('preview').videoWidth > 0`)
	musician.press(t, musician.name+kb.Enter)
	musician.waitForPhase(t, "connected")
	viewer := openPage(t, browser, "Viewer", s.url+"/watch/demo")
	viewer.waitForPhase(t, "connected")
	viewer.waitFor(t, `document.getElementById('mix').srcObject?.getAudioTracks().length > 0`)
	var none any
	if err := viewer.ask(listen, &none); err != nil {
		t.Fatal(err)
	}
	viewer.waitFor(t, "window.level[0] > 0.02 && window.level[1] < window.level[0] / 10")
}
