package browsertest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAdmin has the page of those who run the server show a call: who is in it, how good it is and what it
// costs. It mutes a participant. Once there is a key the page asks for one, takes it, and removes another.
func TestAdmin(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, "", "--data-dir", data)
	add := func(name string, scopes ...string) string {
		t.Helper()
		out, err := exec.Command("tilemix", append([]string{"key", "add", name, "--data-dir", data}, scopes...)...).Output()
		if err != nil {
			t.Fatalf("key: %v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada", before(`localStorage.setItem('tilemix', JSON.stringify({ cameraOff: true }))`))
	ada.waitForPhase(t, "connected")

	admin := openPage(t, browser, "operator", s.url+"/admin")
	admin.waitForText(t, "#rooms tbody tr td:nth-child(2)", "1")
	admin.click(t, "#rooms .link")
	row := `document.querySelector('#room [aria-label="Participants"] tbody tr')`
	admin.waitFor(t, row+`?.cells[0].innerText === 'Ada' && `+row+`.querySelector('.grade').innerText !== ''`)
	admin.waitFor(t, `parseFloat(document.querySelector('[data-stage="mix"]')?.innerText) > 0`) // of silence
	admin.waitFor(t, `(button => (button?.click(), !!button))([...`+row+`.querySelectorAll('button')].find((b) => b.innerText === 'Mute'))`)
	ada.waitForState(t, "Ada is muted", func(s state) bool { return s.person("Ada").AudioMuted })
	admin.keep(t, "admin")

	read := add("other", "--scope", "rooms:read")
	key := add("admin", "--scope", "rooms:read,rooms:write,moderate,record")
	admin.do(t, chromedp.Reload())
	admin.waitFor(t, `!document.getElementById('key-form').hidden && document.activeElement.id === 'key' && document.getElementById('rooms-part').hidden`)
	enter := func(key string) {
		admin.do(t, chromedp.SendKeys("#key", key, chromedp.ByQuery), chromedp.Click("#key-form button", chromedp.ByQuery))
	}
	enter(read) // lists rooms, and reads no keys
	admin.waitFor(t, `document.querySelector('#rooms .link') && document.getElementById('keys-part').hidden`)
	admin.click(t, "#forget")
	admin.waitFor(t, `!document.getElementById('key-form').hidden`)
	enter(key)
	admin.waitFor(t, `document.querySelectorAll('#keys tbody tr').length === 2`)
	admin.waitFor(t, `!document.querySelector('#keys').innerText.includes(`+quote(key)+`)`)
	admin.click(t, `#keys tr[data-id="other"] button`)
	admin.click(t, "dialog .danger")
	admin.waitFor(t, `document.querySelectorAll('#keys tbody tr').length === 1`)
}

// TestCheckPage has the page before a call find camera, microphone, ways and bitrate good.
func TestCheckPage(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	p := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/check")
	p.click(t, "#begin")
	p.checks(t, `(() => {
		const steps = [...document.querySelectorAll('.step')];
		const sent = steps[8].innerText; // a machine that is busy with other tests has a poor path, but it has one
		return steps.length === 10 && !document.getElementById('verdict').hidden
			&& ['well', 'well', 'none', 'well', 'well', 'well', 'well', 'none'].every((is, i) => steps[i].className === 'step ' + is)
			&& sent.includes('Mbit/s') && !sent.includes(' 0.0 Mbit/s');
	})()`)
	p.click(t, ".step-more button:nth-child(3)")
	p.waitFor(t, `document.querySelectorAll('.step')[2].className === 'step bad'`)
	p.keep(t, "check")
}

// checks waits until the steps of the page before a call are as they are to be. The page gives each of them some
// seconds, which may be too few on a busy machine: then a person has it check again.
func (p *page) checks(t *testing.T, steps string) {
	t.Helper()
	p.waitFor(t, `(() => {
		if (`+steps+`) return true;
		const begin = document.getElementById('begin');
		if (!begin.disabled) begin.click();
		return false;
	})()`)
}
