package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// site serves a page of another origin than the server's, and returns that origin.
func site(t *testing.T, body func(r *http.Request) string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!doctype html><title>shop</title><body data-phase=site>", body(r))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestElements shows a call in a page of another site: by an element, with commands. A window beside
// it commands nothing, a site that is not allowed has no frame, and the call ends with its element.
func TestElements(t *testing.T) {
	t.Parallel()
	server := ""
	page := func(r *http.Request) string {
		if r.URL.Path == "/hostile" {
			return `<script>onmessage = () => {
				const call = parent.document.querySelector('tilemix-call').frame.contentWindow
				for (const name of ['mute', 'end', 'leave']) call.postMessage({ tilemix: 1, id: 1, call: name, args: [{ microphone: true }] }, '*')
				parent.postMessage('done', '*')
			}</script>`
		}
		return `<tilemix-call src="` + server + `/r/demo" name="Ada" camera microphone ui="bar"></tilemix-call>
			<script>
				window.seen = []; window.news = {}
				const element = document.querySelector('tilemix-call')
				for (const name of ['ready', 'state', 'participants', 'chat', 'left']) element.addEventListener(name, ({ detail }) => { seen.push(name); news[name] = detail })
				window.run = (call, ...args) => element.command(call, ...args).then(() => 'ok', (error) => error.code)
			</script>
			<script type="module" src="` + server + `/elements.js"></script>`
	}
	shop, other := site(t, page), site(t, page)
	s := serve(t, "", "--embed-origin", shop, "--max-views", "8")
	server = s.url
	chromium := startBrowser(t, calmDevices, allow, sound)
	bob := openPage(t, chromium, "Bob", s.url+"/r/demo?name=Bob")
	bob.waitForPhase(t, "connected")

	// The page finds out that a call works, within seconds that may be too few on a busy machine.
	eventually(t, "the check of a call", func() (string, bool) {
		var found map[string]bool
		err := bob.ask(`import('/sdk.js').then(({ check }) => check(location.href)).then(({ ok, lines }) => Object.fromEntries([['all', ok], ...lines.map((l) => [l.name, l.ok === true])]))`, &found)
		well := err == nil
		for _, name := range []string{"all", "server", "websocket", "udp", "camera", "microphone"} {
			well = well && found[name]
		}
		return fmt.Sprint(found, err), well
	})

	stranger := openPage(t, chromium, "other site", other)
	stranger.waitFor(t, "customElements.get('tilemix-call') && document.querySelector('tilemix-call').frame")

	ada := openPage(t, chromium, "shop", shop)
	ada.waitFor(t, "news.state === 'in' && news.participants?.length === 2")
	for _, command := range []struct{ call, want string }{
		{"'mute', { microphone: true }", "ok"},
		{"'mute', { microphone: false, camera: true }", "ok"},
		{"'chat', 'hello'", "ok"},
		{"'hand', true", "ok"},
		{"'hand', false", "ok"},
		{"'react', 'like'", "ok"},
		{"'set', { layout: 'speaker' }", "ok"},
		{"'set', {}", "ok"},
		{"'set', { layout: 'no such' }", "bad_request"},
		{"'spotlight', 'nobody'", "*"},
		{"'ask', 'nobody', { camera: true }", "*"},
		{"'kick', 'nobody'", "*"},
		{"'move', 'nobody', 'x'", "*"},
		{"'admit', true", "*"},
		{"'reject', true", "*"},
		{"'send', { type: 'nothing' }", "bad_request"},
		{"'change', { id: 'nobody', hand: false }", "*"},
		{"'state'", "ok"},
		{"'constructor'", "bad_command"},
		{"'answered'", "bad_command"},
	} {
		var got string
		var err error
		eventually(t, command.call, func() (string, bool) { // a server that is busy for a moment refuses a view
			err = ada.ask("run("+command.call+")", &got)
			return got, got != "view_limit"
		})
		if err != nil || got == "" || command.want != "*" && got != command.want {
			t.Errorf("%s: %q, %v, want %q", command.call, got, err, command.want)
		}
	}
	ada.waitFor(t, "news.chat?.text === 'hello'")

	ada.waitFor(t, `(window.hostile ??= (() => {
		addEventListener('message', ({ data }) => { if (data === 'done') window.attacked = true })
		const frame = document.createElement('iframe')
		frame.src = '/hostile'
		frame.onload = () => frame.contentWindow.postMessage('go', '*')
		document.body.append(frame)
		return true
	})()) && window.attacked`)
	var state string
	if err := ada.ask("run('state')", &state); err != nil || state != "ok" {
		t.Errorf("after the hostile frame: %q, %v", state, err)
	}
	ada.waitFor(t, "news.state === 'in' && !seen.includes('left')")

	var ready bool
	if err := stranger.ask("seen.includes('ready')", &ready); err != nil || ready {
		t.Errorf("a site that is not allowed has the page in a frame: %v, %v", ready, err)
	}
	if err := ada.ask("document.querySelector('tilemix-call').remove()", new(any)); err != nil {
		t.Error(err)
	}
	bob.waitFor(t, "tilemix.state.participants.length === 1")
	asViewers(t, ada, bob, s.url)
	dressed(t, bob)
}

// asViewers comes as a viewer, by an element and by the SDK. An open link makes nobody a recorder, which
// is not shown.
func asViewers(t *testing.T, shop, bob *page, url string) {
	t.Helper()
	var had string
	if err := bob.ask(`import('/sdk.js').then(async ({ join }) => {
		const call = await join(location.href, { name: 'Vera', role: 'viewer' });
		const { role, rights, participants } = call;
		await call.leave();
		const refused = await join(location.href, { name: 'Rick', role: 'recorder' }).catch((error) => error.code);
		return [role, rights.includes('publish.audio'), participants.some((p) => p.you), refused].join();
	})`, &had); err != nil || had != "viewer,false,false,forbidden" {
		t.Errorf("by the SDK: %s, %v", had, err)
	}
	if err := shop.ask(`(document.body.insertAdjacentHTML('beforeend', '<tilemix-call src="`+url+`/r/demo" name="Vera" join-as="viewer"></tilemix-call>'), true)`, new(bool)); err != nil {
		t.Error(err)
	}
	bob.waitFor(t, `(await (await fetch('/api/v1/rooms/demo/participants?select=role:viewer')).json()).participants.some((p) => p.name === 'Vera')`)
	if err := shop.ask("document.querySelector('tilemix-call').remove()", new(any)); err != nil {
		t.Error(err)
	}
}

// dressed shows frames with colours, a logo and a language of their own in a page that can look into
// them. Values that are none change nothing. The call in the frame has a live region.
func dressed(t *testing.T, p *page) {
	t.Helper()
	const logo = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
	show := func(query string) {
		t.Helper()
		if err := p.ask(`(document.getElementById('dressed')?.remove(), document.body.append(Object.assign(document.createElement('iframe'),
			{ id: 'dressed', src: '/r/other?embed=1&' + new URLSearchParams(`+query+`) })), true)`, new(bool)); err != nil {
			t.Fatal(err)
		}
	}
	const inside = `((page) => page?.querySelector('.brand > img') && `
	show(`{ accent: '0a7d5f', background: 'ffe680', language: 'ar', logo: '` + logo + `' }`)
	p.waitFor(t, inside+`page.documentElement.dir === 'rtl' && page.querySelector('.brand > img').src === '`+logo+`'
		&& getComputedStyle(page.documentElement).getPropertyValue('--accent') === '#0a7d5f'
		&& getComputedStyle(page.documentElement).getPropertyValue('--on-accent') === '#ffffff'
		&& getComputedStyle(page.documentElement).getPropertyValue('--bg') === '#ffe680')(document.getElementById('dressed').contentDocument)`)
	show(`{ accent: 'red;x', background: 'url(/x)', language: 'xx', logo: 'https://elsewhere.example/x.png' }`)
	p.waitFor(t, inside+`page.documentElement.dir === 'ltr' && page.querySelector('.brand > img').src.endsWith('/static/logo.svg')
		&& !page.documentElement.getAttribute('style'))(document.getElementById('dressed').contentDocument)`)
	if err := p.ask(`(document.getElementById('dressed').contentWindow.postMessage({ tilemix: 1, id: 1, call: 'join', args: [{ name: 'Fay', camera: false }] }, '*'), true)`, new(bool)); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, `((page) => page.body.dataset.phase === 'connected' && page.querySelectorAll('#live[aria-live]').length === 1)(document.getElementById('dressed').contentDocument)`)
}
