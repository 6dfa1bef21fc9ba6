package browsertest

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// choose picks a value of a choice in the panel.
func (p *page) choose(t *testing.T, id, value string) {
	t.Helper()
	p.do(t, chromedp.Evaluate(`(() => {
		const select = document.getElementById(`+quote(id)+`);
		select.value = `+quote(value)+`;
		select.dispatchEvent(new Event('change'));
	})()`, nil))
}

// TestLanguages opens the lobby in German by the browser's choice and in Arabic by the user's.
func TestLanguages(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	german := before(`Object.defineProperty(navigator, 'languages', { value: ['de-AT', 'en'] });`)
	p := openPage(t, browser, "Ada", s.url+"/?room=room", german)
	p.waitForText(t, "#lobby-title", "An einem Anruf teilnehmen")
	p.waitFor(t, `document.documentElement.lang === 'de' && document.documentElement.dir === 'ltr'`)
	p.waitFor(t, `document.getElementById('lobby-mute').dataset.hint === 'Stumm schalten'`)
	p.do(t, chromedp.Evaluate(`document.getElementById('lobby-form').requestSubmit()`, nil))
	p.waitForText(t, "#name-error", "Geben Sie Ihren Namen ein.")
	p.do(t, chromedp.Evaluate(`localStorage.setItem('tilemix', JSON.stringify({ language: 'ar' }))`, nil), chromedp.Reload())
	p.waitForText(t, "#lobby-title", "الانضمام إلى مكالمة")
	p.waitFor(t, `getComputedStyle(document.body).direction === 'rtl'`)
}

// TestChoices has a participant save data, play music and hold the space bar to talk. The page
// keeps these choices, and that the microphone is off but for the space bar. The server sends no
// picture to one who wants none.
func TestChoices(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	ada.waitForStream(t, "a picture", "inbound", "video", func(s stream) bool { return s.Frames > 0 })
	ada.click(t, "#settings-button")
	ada.do(t, chromedp.Evaluate(`window.tilemix.pc.old = true`, nil))
	ada.choose(t, "choose-receive", "sound")
	ada.waitFor(t, `window.tilemix.pc && !window.tilemix.pc.old`)
	ada.waitForPhase(t, "connected")
	ada.waitForText(t, "#status", "")
	ada.waitFor(t, `window.tilemix.pc.getTransceivers().some((v) => v.sender.track?.kind === 'video' && v.currentDirection === 'sendonly')`)
	var pictures int
	if err := ada.ask(`window.tilemix.pc.getStats().then((all) => [...all.values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video').length)`, &pictures); err != nil || pictures > 0 {
		t.Errorf("%d streams of pictures come, %v", pictures, err)
	}

	ada.choose(t, "choose-sound", "music")
	ada.waitFor(t, `window.tilemix.pc.getSenders().some((s) => s.track?.kind === 'audio' && s.track.getSettings().noiseSuppression === false)`)
	ada.click(t, "#choose-pushToTalk")
	ada.click(t, "#mute")
	muted := `document.getElementById('mute').getAttribute('aria-pressed')`
	ada.waitFor(t, muted+` === 'true'`)
	ada.do(t, chromedp.Evaluate(`document.activeElement.blur()`, nil))
	space := func(kind input.KeyType) {
		ada.do(t, input.DispatchKeyEvent(kind).WithCode("Space").WithKey(" ").WithWindowsVirtualKeyCode(32))
	}
	space(input.KeyRawDown)
	ada.waitFor(t, muted+` === 'false'`)
	space(input.KeyUp)
	ada.waitFor(t, muted+` === 'true'`)

	ada.do(t, chromedp.Reload())
	ada.waitForPhase(t, "connected")
	ada.waitFor(t, `document.getElementById('choose-receive').value === 'sound' && document.getElementById('choose-pushToTalk').checked`)
	ada.waitFor(t, muted+` === 'true'`)
}
