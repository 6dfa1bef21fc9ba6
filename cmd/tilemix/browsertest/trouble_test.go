package browsertest

import (
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"tilemix/mcu/mcutest"
)

// TestServerGone kills the server under a call and starts it again.
func TestServerGone(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:"+mcutest.Port(t)) // the next one is to have the same address
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	ada.waitForTile(t, "Ada", green)
	ada.click(t, "#mute")
	ada.waitForState(t, "muted", func(s state) bool { return s.person("Ada").AudioMuted })
	before := ada.waitForTiles(t, "Ada").ID

	s.stop(syscall.SIGKILL)
	ada.waitForPhase(t, "reconnecting")
	eventually(t, "the page says so", func() (string, bool) {
		text := ada.text("#status")
		return text, strings.Contains(text, "Connection lost, reconnecting…") || strings.Contains(text, "The server does not answer.")
	})

	serve(t, s.address())
	ada.waitForPhase(t, "connected")
	ada.waitForText(t, "#status", "")
	ada.waitForState(t, "a new id, still muted", func(s state) bool {
		return s.ID != before && s.person("Ada").ID == s.ID && s.person("Ada").AudioMuted
	})
	ada.waitForStream(t, "pictures", "inbound", "video", func(s stream) bool { return s.Frames > 0 })
	ada.waitForTile(t, "Ada", green)
	ada.waitForMotion(t, "Ada")
}

// TestWithoutDevices joins without camera, and without being allowed to use it.
func TestWithoutDevices(t *testing.T) {
	t.Parallel()
	noCamera := option{fakeDevices.name, "device-count=0"}
	tests := []struct {
		name    string
		options []option
		says    string
		muted   bool
	}{
		{
			name: "denied", options: []option{fakeDevices, deny}, muted: true,
			says: "The camera and microphone are not allowed. Allow them in the browser's address bar, then try again.",
		},
		{name: "no camera", options: []option{noCamera, allow}, says: "No camera found."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, "")
			ada := openPage(t, startBrowser(t, append(test.options, sound)...), "Ada", s.url+"/?room=room")
			if test.muted { // nothing is asked for before the user has done something
				ada.waitForText(t, "#preview-note", "Your camera is off")
				ada.waitFor(t, `document.getElementById('problems').hidden`)
			}
			ada.press(t, "Ada")
			ada.waitForText(t, "#problem-text", test.says)
			ada.waitForText(t, ".problems-more", "You can still join: you will see and hear the others.")
			ada.press(t, kb.Enter)
			ada.waitForText(t, "#toasts .warning", test.says)
			ada.waitForPhase(t, "connected")
			ada.waitForState(t, "what is off", func(s state) bool {
				self := s.person("Ada")
				return self.VideoMuted && self.AudioMuted == test.muted
			})
			ada.waitForTile(t, "Ada", placeholder)
		})
	}
}

// TestFullRoom refuses a participant that is one too many, until there is a place again. The page releases camera and
// microphone, and opens them again when the participant tries again.
func TestFullRoom(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-participants", "1")
	browser := startBrowser(t, calmDevices, allow, sound)
	ada := openPage(t, browser, "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	bob := openPage(t, browser, "Bob", s.url+"/r/room?name=Bob", before(lateDevices+`window.release();`))
	bob.waitForPhase(t, "refused")
	bob.waitForText(t, "#card-title", "The room is full")
	bob.waitForText(t, "#card-text", "Try again when somebody has left.")
	bob.waitFor(t, allEnded)
	ada.waitForTiles(t, "Ada")
	ada.click(t, "#leave")
	ada.waitForPhase(t, "left")
	bob.waitFor(t, `(await (await fetch('/api/v1/rooms')).json()).rooms.length === 0`) // a page has left before the server knows it
	bob.click(t, "#again")
	bob.waitForPhase(t, "connected")
	bob.waitForTiles(t, "Bob")
	bob.waitFor(t, `window.late.length === 2 && window.late.every((t) => t.readyState === 'live')`)
}

// TestSilentPublisher has a client publish a camera of which no packet comes, while a camera that
// is off and a microphone that is muted are in the call too. The page says why in the list of
// people, and of nobody else.
func TestSilentPublisher(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	ada.waitForPhase(t, "connected")
	ada.click(t, "#mute")
	ada.click(t, "#camera")
	ada.waitForState(t, "both off", func(s state) bool { return s.person("Ada").AudioMuted && s.person("Ada").VideoMuted })
	var status int
	err := ada.ask(`(async () => {
		const pc = window.silent = new RTCPeerConnection();
		pc.addTransceiver('video', {direction: 'sendonly'});
		await pc.setLocalDescription();
		await new Promise((done) => {
			pc.onicegatheringstatechange = done;
			if (pc.iceGatheringState === 'complete') done();
		});
		const answer = await fetch('/whip/room?name=Camera', {
			method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: pc.localDescription.sdp,
		});
		await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
		return answer.status;
	})()`, &status)
	if err != nil || status != 201 {
		t.Fatalf("the client publishes: status %d, %v", status, err)
	}
	silent := ada.waitForTiles(t, "Ada", "Camera").person("Camera").ID
	ada.click(t, "#people-button")
	ada.waitForText(t, `#people [data-id="`+silent+`"] .person-reason`, "The server receives no video")
	var all string
	if err := ada.ask(`[...document.querySelectorAll('#people .person')].map((p) => p.innerText.includes('receives no')).join()`, &all); err != nil || all != "false,true" {
		t.Errorf("people with a reason: %s, %v", all, err)
	}
}
