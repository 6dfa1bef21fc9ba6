package browsertest

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	patience = 60 * time.Second // with what is to happen, on a busy machine
	pause    = 150 * time.Millisecond
)

// page is one window. Windows of the same browser share nothing but its devices.
type page struct {
	ctx      context.Context // of DevTools
	name     string          // of whoever sits before it
	evaluate func(expression string, value any) error
}

// openPage opens a window and prepares it, before it goes to an address. The window is open
// until the test's end. With a room and a name in the address it is in the call, as after the
// lobby.
func openPage(t *testing.T, browser context.Context, name, address string, prepare ...chromedp.Action) *page {
	t.Helper()
	id, err := newWindow(cdp.WithExecutor(browser, chromedp.FromContext(browser).Browser))
	if err != nil {
		t.Fatalf("%s: window: %v", name, err)
	}
	ctx, _ := chromedp.NewContext(browser, chromedp.WithTargetID(id)) // ends with the browser
	p := &page{ctx: ctx, name: name}
	p.evaluate = p.evaluateByDevTools
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // closes the window, if the test has not
	if err := chromedp.Run(ctx); err != nil {      // without a deadline: what the first run starts lives as long as its context
		t.Fatalf("%s: window: %v", name, err)
	}
	address, script := entered(address)
	prepare = append(prepare, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
	p.do(t, append(prepare, chromedp.Navigate(address))...)
	return p
}

// entered takes the name out of the address of a call. The script has the page's tab enter
// under that name, once.
func entered(address string) (plain, script string) {
	parsed, err := url.Parse(address)
	if err != nil {
		return address, ""
	}
	room, found := strings.CutPrefix(parsed.Path, "/r/")
	query := parsed.Query()
	name := query.Get("name")
	if !found || name == "" {
		return address, ""
	}
	query.Del("name")
	parsed.RawQuery = query.Encode()
	return parsed.String(), `try {
		if (!sessionStorage.getItem('entered')) sessionStorage.setItem(` + quote("tilemix.in."+room) + `, ` + quote(name) + `);
		sessionStorage.setItem('entered', 'once');
	} catch {}`
}

// newWindow opens a window as for another person: nothing is stored yet.
// chromedp would open a tab, which needs a window.
func newWindow(browser context.Context) (target.ID, error) {
	person, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(browser)
	if err != nil {
		return "", err
	}
	return target.CreateTarget("about:blank").WithBrowserContextID(person).WithNewWindow(true).Do(browser)
}

func (p *page) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := p.try(actions...); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
}

func (p *page) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// close closes the window, as a person does who is done with it.
func (p *page) close(t *testing.T) {
	t.Helper()
	if err := chromedp.Cancel(p.ctx); err != nil {
		t.Errorf("%s: close: %v", p.name, err)
	}
}

// ask puts the value of a JavaScript expression, or of its promise, into value.
func (p *page) ask(expression string, value any) error { return p.evaluate(expression, value) }

func (p *page) evaluateByDevTools(expression string, value any) error {
	return p.try(chromedp.Evaluate(expression, value, func(call *runtime.EvaluateParams) *runtime.EvaluateParams {
		return call.WithAwaitPromise(true)
	}))
}

// press presses keys, one after the other, while others are held down.
func (p *page) press(t *testing.T, keys string, held ...input.Modifier) {
	t.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		if len(events) == 3 { // down, letter, up: who takes the key is to get no letter
			events[0].Text = events[1].Text
			events = []*input.DispatchKeyEventParams{events[0], events[2]}
		}
		for _, event := range events {
			for _, modifier := range held {
				event.Modifiers |= modifier
			}
			p.do(t, event)
		}
	}
}

// click clicks on what a selector finds, once it can be seen.
func (p *page) click(t *testing.T, selector string) {
	t.Helper()
	p.do(t, chromedp.Click(selector, chromedp.ByQuery))
}

// waitFor waits until a JavaScript expression is true. The page itself looks, so that the
// test sees it at once and costs little while it waits.
func (p *page) waitFor(t *testing.T, expression string) {
	t.Helper()
	watch := `(async () => {
		for (const end = performance.now() + 2000; performance.now() < end;) {
			if (` + expression + `) return true;
			await new Promise((done) => setTimeout(done, 20));
		}
		return false;
	})()`
	eventually(t, p.name+": "+expression, func() (string, bool) {
		var is bool
		if err := p.ask(watch, &is); err != nil {
			return err.Error(), false // the page is loading
		}
		if is {
			return "", true
		}
		return p.situation(), false
	})
}

// waitForText waits until an element shows a text.
func (p *page) waitForText(t *testing.T, selector, text string) {
	t.Helper()
	eventually(t, p.name+": "+selector+" says "+text, func() (string, bool) {
		shown := p.text(selector)
		return shown, shown == text
	})
}

// text is what an element shows, "" for one that is not visible.
func (p *page) text(selector string) string {
	var shown string
	err := p.ask(`(() => {
		const element = document.querySelector(`+quote(selector)+`);
		return element?.checkVisibility() ? element.innerText.trim() : '';
	})()`, &shown)
	if err != nil {
		return err.Error()
	}
	return shown
}

// waitForPhase waits until the call is connected, reconnecting, refused or left.
func (p *page) waitForPhase(t *testing.T, phase string) {
	t.Helper()
	p.waitFor(t, "document.body.dataset.phase === "+quote(phase))
}

// situation says for a failing test what the page shows.
func (p *page) situation() string {
	var words string
	if err := p.ask(`location.pathname + ' ' + document.body.dataset.phase + ': ' + document.body.innerText.replaceAll(/\s+/g, ' ')`, &words); err != nil {
		return err.Error()
	}
	return words
}

// eventually waits until a condition holds. The condition also says what it saw.
func eventually(t *testing.T, what string, condition func() (saw string, is bool)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		saw, is := condition()
		if is {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never: %s\nlast: %s", what, saw)
		}
		time.Sleep(pause)
	}
}
