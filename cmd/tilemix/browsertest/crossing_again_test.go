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
