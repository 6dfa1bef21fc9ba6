package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestAxe has axe-core look at every page and at the states of the call page: in English by day and, for
// contrasts, by night, because axe-core passes over Arabic words there; in Arabic by night. It finds no violation.
func TestAxe(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile(filepath.Join(npm(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	for _, look := range []struct{ theme, language string }{{"light", "en"}, {"dark", "ar"}} {
		t.Run(look.theme+" "+look.language, func(t *testing.T) {
			prepare := []chromedp.Action{
				themed(look.theme),
				before(`if (!localStorage.getItem('tilemix')) localStorage.setItem('tilemix', JSON.stringify({ language: ` + quote(look.language) + ` }))`),
			}
			room := look.theme
			p := openPage(t, browser, "Ada", s.url+"/r/"+room+"?name=Ada", prepare...) // the host
			a := looker{t, p, string(axe), look.theme == "light"}
			p.waitForPhase(t, "connected")
			openPage(t, browser, "Ben", s.url+"/r/"+room+"?name=Ben")
			p.waitForTiles(t, "Ada", "Ben")
			p.waitFor(t, `document.documentElement.lang === `+quote(look.language))
			a.look("call")
			p.press(t, "p")
			for _, tab := range []string{"people", "chat", "settings"} {
				p.click(t, "#tab-"+tab)
				p.waitFor(t, `document.getElementById('view-`+tab+`').checkVisibility()`)
				a.look(tab)
			}
			p.click(t, "#tab-people")
			p.do(t, chromedp.Evaluate(`document.getElementById('host-menu').click()`, nil))
			p.waitFor(t, `document.querySelector('.menu-item.danger')?.checkVisibility()`)
			a.look("host menu")
			p.press(t, kb.Escape)
			p.click(t, "#studio")
			p.waitFor(t, `document.querySelector('.studio[open] .studio-picture')?.naturalWidth > 0`)
			a.look("studio")
			p.press(t, kb.Escape)
			p.do(t, chromedp.Evaluate(`document.getElementById('leave').click()`, nil))
			p.waitForPhase(t, "left")
			a.look("left")
			for _, address := range []string{
				"/", "/watch/" + room, "/check", "/admin", "/recordings/" + room, "/nowhere", "/docs/", "/docs/sdk",
			} {
				p.do(t, chromedp.Navigate(s.url+address))
				p.waitFor(t, `document.readyState === 'complete'`)
				a.look(address)
			}
		})
	}
}

// looker looks at a page with axe-core.
type looker struct {
	t      *testing.T
	page   *page
	source string
	night  bool // look at contrasts by night too
}

// themed has a page look as by day ("light") or by night ("dark").
func themed(theme string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // what fades in has half its contrast
		}).Do(ctx)
	})
}

// atOnce has colours change at once. Otherwise those of children begin to change when those of their parents have.
const atOnce = `(() => {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync('*, *::before, *::after { transition: none !important }');
	document.adoptedStyleSheets = [sheet];
})()`

// look fails the test for each violation in the page's state.
func (l looker) look(state string) {
	l.t.Helper()
	var missing bool
	if err := l.page.ask(`typeof axe === 'undefined'`, &missing); err != nil {
		l.t.Fatal(err)
	}
	if missing {
		l.page.do(l.t, chromedp.Evaluate(l.source+"\n;0", nil))
	}
	l.run(state, "")
	if l.night {
		l.page.do(l.t, chromedp.Evaluate(atOnce, nil), themed("dark"))
		l.run(state+" by night", "runOnly: ['color-contrast'],")
		l.page.do(l.t, themed("light"))
	}
}

// run runs the rules that options name, all if they name none.
func (l looker) run(state, options string) {
	l.t.Helper()
	var found []string
	err := l.page.ask(`new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
		.then(() => Promise.all(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished.catch(() => {}))))
		.then(() => axe.run(document, { `+options+` resultTypes: ['violations'] })).then(({ violations }) =>
		violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ': ' + (n.any[0] ?? n.all[0] ?? n.none[0])?.message)))`, &found)
	if err != nil {
		l.t.Fatalf("%s: %v", state, err)
	}
	if len(found) > 0 {
		l.page.keep(l.t, strings.Trim(strings.ReplaceAll(state, "/", "-"), "-"))
		l.t.Errorf("%s:\n%s", state, strings.Join(found, "\n"))
	}
}
