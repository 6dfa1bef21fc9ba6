package browsertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// dice has a page do n random things in the room "dice", by the SDK. Its generator is mulberry32.
const dice = `(async (name, seed, n) => {
	const { join } = await import('/sdk.js')
	const random = () => {
		seed = seed + 0x6D2B79F5 | 0
		let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
		return ((t ^ t >>> 14) >>> 0) / 4294967296
	}
	const one = (all) => all[Math.floor(random() * all.length)]
	const want = window.want = { microphone: true, camera: true }
	const faults = [], done = {}
	const note = (error) => { if (!error?.code) faults.push(String(error)) }
	addEventListener('unhandledrejection', ({ reason }) => note(reason))
	let hand = false
	const enter = async () => {
		window.call = await join(location.origin + '/r/dice', { name, ...want })
		call.on('error', note)
		hand = false
	}
	const others = () => call.participants.filter((p) => !p.you).map((p) => p.id)
	const actions = {
		microphone: () => call.mute({ microphone: !(want.microphone = !want.microphone) }),
		camera: () => call.mute({ camera: !(want.camera = !want.camera) }),
		both: () => call.mute({ microphone: !(want.microphone = random() < 0.5), camera: !(want.camera = random() < 0.5) }),
		hand: () => call.hand(hand = !hand),
		react: () => call.react(one(['like', 'clap', 'heart', 'laugh', 'surprise', 'party'])),
		chat: () => call.chat('said ' + random()),
		layout: () => call.act({ type: 'layout', name: one(['grid', 'speaker']) }, 'layout'),
		pin: () => call.set({ layout: one(['grid', 'speaker']), pin: others() }),
		hide: () => call.set({ hide: others() }),
		room: () => call.set({}),
		rename: () => call.act({ type: 'name', name: name + ' ' + Math.floor(random() * 100) }, 'participants'),
		spotlight: () => call.spotlight(one(call.participants)?.id ?? '', random() < 0.5),
		nonsense: () => call.send({ type: 'set', id: 'nobody', hand: false }),
		again: async () => { await call.leave(); await enter() },
	}
	const often = ['microphone', 'microphone', 'microphone', 'both', 'hand', 'hand', 'react', 'chat', 'chat', 'camera']
	await enter()
	for (let i = 0; i < n; i++) {
		const what = random() < 0.6 ? one(often) : one(Object.keys(actions))
		done[what] = (done[what] ?? 0) + 1
		window.steps = i + 1
		await actions[what]().catch(note)
	}
	window.steps++
	await call.set({}).catch(note)
	// At the end each page has another device off.
	want.camera = !(want.microphone = name === 'Ada')
	window.steps++
	await call.mute({ microphone: !want.microphone, camera: !want.camera }).catch(note)
	return { done, faults }
})`

// rolled is what a page did, and what went wrong.
type rolled struct {
	Done   map[string]int
	Faults []string
}

// roll has a page begin with its n things.
func (p *page) roll(t *testing.T, seed, n int) {
	t.Helper()
	p.do(t, chromedp.Evaluate(fmt.Sprintf(`void %s(%q, %d, %d).catch((error) => ({ faults: [String(error)] })).then((had) => { window.had = had })`,
		dice, p.name, seed, n), nil))
}

// rolled waits until a page has done all of its things. A busy machine may be slow with each of them.
func (p *page) rolled(t *testing.T) rolled {
	t.Helper()
	var now struct {
		Steps int
		Had   *rolled
	}
	for now.Had == nil {
		p.waitFor(t, fmt.Sprintf(`window.had || window.steps > %d`, now.Steps))
		if err := p.ask(`({ steps: window.steps, had: window.had })`, &now); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	return *now.Had
}

// TestDice has two pages do 200 random things. Nothing is refused without a code, and then both pages, the
// server's list and what each page wants are one.
func TestDice(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-views", "8")
	chromium := startBrowser(t, calmDevices, allow, sound)
	pages := []*page{openPage(t, chromium, "Ada", s.url+"/docs/"), openPage(t, chromium, "Bob", s.url+"/docs/")}
	for i, p := range pages {
		p.roll(t, i+1, 100)
	}
	for _, p := range pages {
		had := p.rolled(t)
		if len(had.Faults) > 0 {
			t.Errorf("%s: %q", p.name, had.Faults)
		}
		t.Log(p.name, had.Done)
	}
	if t.Failed() {
		return
	}
	eventually(t, "both pages and the server agree", func() (string, bool) {
		lists := [][]diced{listed(t, s.url)}
		for _, p := range pages {
			var list []diced
			if err := p.ask(`call.participants.map((p) => ({ ...p, audioMuted: !p.audio, videoMuted: !p.video }))`, &list); err != nil {
				return err.Error(), false
			}
			lists = append(lists, list)
		}
		for _, list := range lists {
			slices.SortFunc(list, func(a, b diced) int { return strings.Compare(a.ID, b.ID) })
		}
		saw := fmt.Sprintf("%+v", lists)
		return saw, len(lists[0]) == 2 && slices.Equal(lists[0], lists[1]) && slices.Equal(lists[0], lists[2])
	})
	for _, p := range pages {
		p.waitFor(t, "call.me.audio === want.microphone && call.me.video === want.camera")
	}
	eventually(t, "both pages have one layout", func() (string, bool) { // either may hear of the last later than the other
		one, other := layoutOf(t, pages[0]), layoutOf(t, pages[1])
		return fmt.Sprintf("%q and %q", one, other), one == other && one != ""
	})
}

// diced is what the pages and the server know of a participant.
type diced struct {
	ID, Name               string
	AudioMuted, VideoMuted bool
	Hand                   int
	Spotlight              bool
}

// listed returns the server's list of the room "dice".
func listed(t *testing.T, url string) []diced {
	t.Helper()
	r, err := http.Get(url + "/api/v1/rooms/dice/participants") //nolint:noctx // it is on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Participants []diced }
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return body.Participants
}

// layoutOf is the layout that a page has.
func layoutOf(t *testing.T, p *page) (name string) {
	t.Helper()
	if err := p.ask("call.layout?.name ?? ''", &name); err != nil {
		t.Fatal(err)
	}
	return name
}
