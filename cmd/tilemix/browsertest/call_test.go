package browsertest

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
)

// call is Ada and Bob in the same room, each with a browser of their own.
type call struct {
	server   *server
	ada, bob *page
}

// TestCall goes through a call of two from the join page to the end.
func TestCall(t *testing.T) {
	c := &call{server: serve(t, "")}
	c.ada = openPage(t, startBrowser(t, fakeDevices, allow, sound), "Ada", c.server.url)
	c.bob = openPage(t, startBrowser(t, fakeDevices, allow, sound, orangeClip(t)), "Bob", c.server.url)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"join", c.join},
		{"codecs", c.codecs},
		{"picture", c.picture},
		{"sound", c.sound},
		{"camera off", c.cameraOff},
		{"chat", c.chat},
		{"layout", c.layout},
		{"viewer", c.viewer},
		{"leave", c.leave},
	} {
		if !t.Run(step.name, step.run) {
			return // the others build on it
		}
	}
}

// join enters the call by keyboard alone.
func (c *call) join(t *testing.T) {
	for _, p := range []*page{c.ada, c.bob} {
		p.waitFor(t, `document.activeElement?.id === 'name'`)
		p.press(t, p.name)
		for range 2 { // the room's suggestion button is in between
			p.press(t, kb.Tab, input.ModifierShift)
		}
		p.waitFor(t, `document.activeElement?.id === 'room'`)
		p.waitFor(t, `document.getElementById('preview').videoWidth > 0`)
		p.press(t, "Our call"+kb.Enter) // the suggested name is selected
	}
	for _, p := range []*page{c.ada, c.bob} {
		p.waitForPhase(t, "connected")
		p.waitFor(t, `location.pathname === '/r/Our-call'`)
		p.waitForTiles(t, "Ada", "Bob")
		p.waitForText(t, "#people-count", "2")
		p.waitForText(t, "#status", "")
	}
}

func (c *call) codecs(t *testing.T) {
	for _, p := range []*page{c.ada, c.bob} {
		for _, direction := range []string{"inbound", "outbound"} {
			for kind, codec := range map[string]string{"video": "video/H264", "audio": "audio/opus"} {
				p.waitForStream(t, direction+" is "+codec, direction, kind, func(s stream) bool {
					return strings.EqualFold(s.Codec, codec)
				})
			}
		}
		p.waitFor(t, `/^a=rtcp-fb:\d+ nack\r$/m.test(window.tilemix.pc.remoteDescription.sdp.split('m=video')[0])`)
	}
}

// picture looks at both cameras in both windows.
func (c *call) picture(t *testing.T) {
	for _, p := range []*page{c.ada, c.bob} {
		first := p.waitForStream(t, "1280x720 comes", "inbound", "video", func(s stream) bool {
			return s.Frames > 0 && s.Width == 1280 && s.Height == 720
		})
		p.waitForTile(t, "Ada", green)
		p.waitForTile(t, "Bob", orange)
		p.waitForMotion(t, "Ada")
		p.waitForMotion(t, "Bob")
		p.waitForStream(t, "pictures go on", "inbound", "video", func(s stream) bool {
			return s.Frames > first.Frames+10
		})
	}
}

// sound listens to what each hears of the other, and whether anybody hears their own voice.
func (c *call) sound(t *testing.T) {
	c.ada.waitForSound(t)
	c.bob.waitForSound(t)

	c.bob.press(t, "m")
	c.bob.waitFor(t, `document.getElementById('mute').getAttribute('aria-pressed') === 'true'`)
	c.ada.waitForState(t, "Bob is muted", func(s state) bool { return s.person("Bob").AudioMuted })
	c.ada.waitForSilence(t) // although Ada's own microphone beeps
	c.bob.waitForSound(t)

	c.bob.press(t, "m")
	c.ada.waitForState(t, "Bob is not muted", func(s state) bool { return !s.person("Bob").AudioMuted })
	c.ada.waitForSound(t)
}

// What a fake microphone brings in a second is about 0.3.
const (
	loud  = 1e-2 // energy of one that beeps
	quiet = 1e-6 // and of nobody, or of an echo 50 dB down
)

func (p *page) waitForSound(t *testing.T) {
	t.Helper()
	first := p.waitForStream(t, "a downlink of sound", "inbound", "audio", func(s stream) bool { return s.Codec != "" })
	p.waitForStream(t, "sound arrives", "inbound", "audio", func(s stream) bool {
		return s.Energy > first.Energy+loud
	})
}

// waitForSilence waits until no sound has come for longer than there is between two beeps.
func (p *page) waitForSilence(t *testing.T) {
	t.Helper()
	before, since := 0.0, time.Now()
	p.waitForStream(t, "silence", "inbound", "audio", func(s stream) bool {
		if s.Energy > before+quiet {
			before, since = s.Energy, time.Now()
		}
		return time.Since(since) > 2*time.Second
	})
}

func (c *call) cameraOff(t *testing.T) {
	c.ada.press(t, "p")
	c.ada.waitFor(t, `document.getElementById('people').childElementCount === 2`)
	bob := `#people [data-id="` + c.ada.waitForTiles(t, "Ada", "Bob").person("Bob").ID + `"]`

	c.bob.click(t, "#camera")
	c.ada.waitFor(t, `document.querySelector('`+bob+`')?.textContent.includes('camera off')`)
	c.ada.waitForTile(t, "Bob", placeholder)
	c.ada.waitForTile(t, "Ada", green)
	c.bob.waitForTile(t, "Bob", placeholder)

	c.bob.click(t, "#camera")
	c.ada.waitFor(t, `document.querySelector('`+bob+`')?.textContent.includes('camera on')`)
	c.ada.waitForTile(t, "Bob", orange)
	c.ada.press(t, kb.Escape)
}

func (c *call) chat(t *testing.T) {
	c.bob.press(t, "c")
	c.bob.waitFor(t, `document.activeElement?.id === 'chat-text'`)
	c.bob.press(t, "Can you <b>hear</b> me?"+kb.Enter+kb.Escape)
	c.ada.waitForText(t, "#chat-count", "1")
	c.ada.press(t, "c")
	c.ada.waitForText(t, "#messages .message-name", "Bob")
	c.ada.waitForText(t, "#messages .message-text", "Can you <b>hear</b> me?")
	c.ada.waitForText(t, "#chat-count", "")
	c.ada.press(t, kb.Escape)
}

func (c *call) layout(t *testing.T) {
	for _, test := range []struct {
		name  string
		equal bool
	}{{"speaker", false}, {"grid", true}} {
		c.bob.press(t, "l")
		for _, p := range []*page{c.ada, c.bob} {
			p.waitForState(t, test.name+" layout", func(s state) bool {
				ada, bob := s.tile("Ada").Size(), s.tile("Bob").Size()
				return s.Layout.Name == test.name && (ada == bob) == test.equal && ada != image.Point{}
			})
			p.waitForTile(t, "Ada", green)
			p.waitForTile(t, "Bob", orange)
		}
	}
}

// viewer watches from a third window. There are no more tiles for it.
func (c *call) viewer(t *testing.T) {
	v := openPage(t, c.ada.ctx, "viewer", c.server.url+"/watch/Our-call")
	v.waitForPhase(t, "connected")
	v.waitForStream(t, "H.264", "inbound", "video", func(s stream) bool {
		return strings.EqualFold(s.Codec, "video/H264") && s.Frames > 0
	})
	tiles := c.ada.waitForTiles(t, "Ada", "Bob")
	v.waitForPicture(t, "both tiles", func(m image.Image) (string, bool) {
		ada, bob := shown(m, tiles.tile("Ada")), shown(m, tiles.tile("Bob"))
		return string(ada + ", " + bob), ada == green && bob == orange
	})
	v.waitForSound(t)
	v.waitForText(t, "#audience", "2 in the call, 1 watching")
	c.ada.waitForTiles(t, "Ada", "Bob")
	v.click(t, "#leave")
	v.waitForPhase(t, "left")
	v.close(t)
}

func (c *call) leave(t *testing.T) {
	c.bob.click(t, "#leave")
	c.bob.waitForPhase(t, "left")
	c.bob.waitForText(t, "#card-title", "You left the call")
	c.ada.waitForTiles(t, "Ada")
	c.ada.waitForText(t, "#people-count", "1")
	c.ada.waitForPicture(t, "Ada alone", func(m image.Image) (string, bool) {
		s, err := c.ada.state()
		if err != nil {
			return err.Error(), false
		}
		rest := share(m, m.Bounds(), orange.sees)
		return fmt.Sprintf("%q, %.3f of Bob", shown(m, s.tile("Ada")), rest), shown(m, s.tile("Ada")) == green && rest < 0.02
	})
	c.ada.waitForSilence(t)
}
