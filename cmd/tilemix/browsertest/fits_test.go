package browsertest

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// smallest is the smallest telephone.
var smallest = image.Point{320, 568}

// windows are the sizes in which pages are looked at, in CSS pixels. Some are those of a larger window
// at a zoom of 200 %.
var windows = []image.Point{
	smallest,
	{390, 844},
	{844, 390},
	{1280, 800},
	{2560, 1440},
	{640, 400}, // 1280x800 at 200 %
	{422, 195}, // 844x390 at 200 %
}

// misfits lists what does not fit into a page as it is now: a window that scrolls sideways, words that
// are cut off, and controls that lie outside of the window or under something else.
const misfits = `(async () => {
	for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
	await Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime < 2000).map((a) => a.finished.catch(() => {})));
	const found = [];
	const name = (e) => e.tagName.toLowerCase() + (e.id && '#' + e.id) + ' "' + (e.innerText || e.ariaLabel || e.title || '').trim().slice(0, 40) + '"';
	const root = document.scrollingElement;
	if (root.scrollWidth > innerWidth) found.push('the window scrolls sideways by ' + (root.scrollWidth - innerWidth));
	const dialog = document.querySelector('dialog[open]');
	const seen = [...(dialog ?? document.body).querySelectorAll('*')].filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('.visually-hidden, .skip, svg'));
	for (const e of seen) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
		const { overflowX, overflowY, textOverflow } = getComputedStyle(e);
		const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
		if (textOverflow !== 'ellipsis' && hides(overflowX) && e.scrollWidth > e.clientWidth + 1) found.push('words are cut off: ' + name(e));
		if (hides(overflowY) && e.scrollHeight > e.clientHeight + 4) found.push('lines are cut off: ' + name(e));
	}
	for (const e of seen) {
		if (!e.matches('button, a[href], input, select, textarea, summary') || e.disabled || e.matches('[type=file]')) continue;
		e.scrollIntoView({ block: 'center', inline: 'nearest' });
		const { left, right, top, bottom, width, height } = e.getClientRects()[0]; // of a link over two lines the first
		if (!width || !height) continue;
		if (left < -1 || right > innerWidth + 1 || top < -1 && height < innerHeight || bottom > innerHeight + 1 && height < innerHeight) found.push('out of the window: ' + name(e) + ' ' + [left, top, right, bottom].map(Math.round));
		for (const x of [left + 5, (left + right) / 2, right - 5]) {
			const at = document.elementFromPoint(x, (top + bottom) / 2);
			if (at && at !== e && !e.contains(at) && !at.contains(e) && !at.closest('label')?.contains(e) && !e.labels?.length) found.push(name(e) + ' lies under ' + name(at));
		}
	}
	root.scrollTo(0, 0);
	return found;
})()`

// TestFits looks at each page in windows from the smallest telephone to a large screen, and at a zoom of
// 200 %, and in other languages on the smallest telephone: nothing scrolls sideways, no words are cut off, and no control lies under another.
func TestFits(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	still := before(`if (!localStorage.getItem('tilemix')) localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true, receive: 'sound' }))`)
	p := openPage(t, browser, "Ada", s.url+"/r/a-room-with-a-rather-long-name?name=Ada", still)
	p.waitForPhase(t, "connected")
	p.waitFor(t, `document.getElementById('alone').checkVisibility()`)
	p.fits(t, "call")
	p.press(t, "p")
	for _, tab := range []string{"people", "chat", "settings"} {
		p.click(t, "#tab-"+tab)
		p.waitFor(t, `document.getElementById('view-`+tab+`').checkVisibility()`)
		p.fits(t, tab)
	}
	p.do(t, chromedp.Evaluate(`document.getElementById('leave').click()`, nil))
	p.waitForPhase(t, "left")
	p.fits(t, "left")
	for _, address := range []string{"/", "/watch/a-room-with-a-rather-long-name", "/recordings/room", "/check", "/admin", "/nowhere", "/docs/sdk"} {
		p.do(t, chromedp.Navigate(s.url+address))
		p.waitFor(t, `document.readyState === 'complete' && document.querySelector('h1, #mix')`)
		p.fits(t, address)
	}
	for _, language := range []string{"de", "ar"} {
		p.do(t, chromedp.Evaluate(`localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true, receive: 'sound', language: `+quote(language)+` }))`, nil))
		for _, address := range []string{"/", "/watch/a-room-with-a-rather-long-name"} {
			p.do(t, chromedp.Navigate(s.url+address))
			p.waitFor(t, `document.readyState === 'complete' && document.documentElement.lang === `+quote(language)+` && document.querySelector('h1, #mix')`)
			p.fits(t, language+address, smallest)
		}
		p.do(t, chromedp.Evaluate(`sessionStorage.setItem('tilemix.in.room', 'Ada')`, nil), chromedp.Navigate(s.url+"/r/room"))
		p.waitForPhase(t, "connected")
		p.press(t, "p")
		for _, tab := range []string{"people", "settings"} {
			p.click(t, "#tab-"+tab)
			p.waitFor(t, `document.getElementById('view-`+tab+`').checkVisibility()`)
			p.fits(t, language+"/"+tab, smallest)
		}
	}
}

// fits fails the test for what does not fit into the page in any of the windows, which are all unless some are given.
func (p *page) fits(t *testing.T, state string, sizes ...image.Point) {
	t.Helper()
	if sizes == nil {
		sizes = windows
	}
	for _, size := range sizes {
		p.do(t, chromedp.EmulateViewport(int64(size.X), int64(size.Y)))
		p.waitFor(t, fmt.Sprintf(`innerWidth === %d && innerHeight === %d`, size.X, size.Y))
		var found []string
		if err := p.ask(misfits, &found); err != nil {
			t.Fatalf("%s at %v: %v", state, size, err)
		}
		name := fmt.Sprintf("%s-%dx%d", strings.Trim(strings.ReplaceAll(state, "/", "-"), "-"), size.X, size.Y)
		if len(found) > 0 || *shoot {
			p.keep(t, name)
		}
		if len(found) > 0 {
			t.Errorf("%s at %v:\n%s", state, size, strings.Join(found, "\n"))
		}
	}
}
