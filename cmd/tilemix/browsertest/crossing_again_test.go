package browsertest

import (
	"slices"
	"testing"
)

// TestCrossingAgain: a page's first way to another server gets a new resume token, and fails. The next attempt comes
// with that token, because the one before is used up.
func TestCrossingAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	p := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/docs/")
	var secrets []string
	err := p.ask(`(async () => {
		const { Crossing } = await import('/crossing.js');
		let secret = 'one';
		const used = [];
		const session = { access: { base: location.href }, state: { participants: [] }, keep: (s) => { secret = s; } };
		const connect = (events) => {
			used.push(secret);
			if (used.length === 1) setTimeout(() => {
				events.message({ type: 'welcome', resume: 'two' });
				events.lost();
			});
			return { send() {}, close() {} };
		};
		const crossing = new Crossing(session, {}, connect, () => {});
		while (used.length < 2) await new Promise((done) => setTimeout(done, 10));
		crossing.close();
		return used;
	})()`, &secrets)
	if err != nil || !slices.Equal(secrets, []string{"one", "two"}) {
		t.Errorf("it comes with %v, %v", secrets, err)
	}
}

// TestPlayOn: an element that plays a mix shows the mix of another connection once that plays on in its place.
func TestPlayOn(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	for name, p := range map[string]*page{
		"Chromium": openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/docs/"),
		"Firefox":  startFirefox(t).open(t, "Ada", s.url+"/docs/"),
	} {
		var shown string
		err := p.ask(`(async () => {
			const { playOn } = await import('/crossing.js');
			const still = (colour) => {
				const canvas = document.createElement('canvas');
				canvas.width = canvas.height = 64;
				const context = canvas.getContext('2d');
				setInterval(() => { context.fillStyle = colour; context.fillRect(0, 0, 64, 64); }, 50);
				return canvas.captureStream(20);
			};
			const video = document.createElement('video');
			video.muted = true;
			video.srcObject = still('#f00');
			document.body.append(video);
			await video.play();
			const stream = playOn(still('#00f'), video.srcObject);
			if (stream !== video.srcObject) {
				video.srcObject = stream;
				await video.play();
			}
			const eye = document.createElement('canvas').getContext('2d');
			for (let n = 0; n < 900; n++) {
				await new Promise((done) => setTimeout(done, 50));
				eye.drawImage(video, 0, 0, 8, 8);
				const [red, , blue] = eye.getImageData(4, 4, 1, 1).data;
				if (blue > 200 && red < 50) return 'the other';
			}
			return 'not the other';
		})()`, &shown)
		if err != nil || shown != "the other" {
			t.Errorf("%s shows %s, %v", name, shown, err)
		}
	}
}
