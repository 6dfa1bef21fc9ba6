package browsertest

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clients is a call that Ada is in all the time, with Chromium, and others come to.
type clients struct {
	server *server
	ada    *page
	dir    string // for the film
}

// TestClients has one client after the other come to Chromium's call. Each sends and
// receives in the codec that it has.
func TestClients(t *testing.T) {
	t.Parallel()
	c := &clients{server: serve(t, ""), dir: t.TempDir()}
	c.ada = openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", c.server.url+"/r/room?name=Ada")
	c.ada.waitForTile(t, "Ada", green)
	t.Run("Firefox", c.firefox)
	t.Run("Chromium with VP8", c.vp8)
	t.Run("aiortc", func(t *testing.T) { c.program(t, "video/H264", c.aiortc(t)) })
	t.Run("aiortc with VP8", func(t *testing.T) { c.program(t, "video/VP8", c.aiortc(t, "VP8")) })
	t.Run("GStreamer", func(t *testing.T) { c.program(t, "video/H264", c.gstreamer(t)) })
}

// firefox joins by the page, and watches. It has no H.264 where it has no OpenH264
// plugin, as Debian's.
func (c *clients) firefox(t *testing.T) {
	fox := startFirefox(t)
	finn := fox.open(t, "Finn", c.server.url+"/r/room?name=Finn")
	finn.waitForPhase(t, "connected")
	for _, p := range []*page{c.ada, finn} {
		p.waitForTiles(t, "Ada", "Finn")
		p.waitForTile(t, "Ada", green)
		p.waitForColours(t, "Finn")
		p.waitForSound(t)
	}
	finn.waitForCodec(t, "outbound", "video/VP8")
	finn.waitForCodec(t, "inbound", "video/VP8")
	c.ada.waitForCodec(t, "inbound", "video/H264")
	fox.screenshot(t, "call")
	c.ada.press(t, "m")
	finn.waitForSilence(t) // although Finn's own microphone hums
	c.ada.press(t, "m")
	finn.choosesViews(t)

	trial := fox.open(t, "before the call", c.server.url+"/check")
	trial.waitFor(t, `(document.getElementById('begin').click(), true)`)
	trial.checks(t, `[0, 3, 4, 5].every((i) => document.querySelectorAll('.step')[i].classList.contains('well'))`) // camera, server, WebSocket, UDP

	viewer := fox.open(t, "viewer", c.server.url+"/watch/room")
	viewer.waitForPhase(t, "connected")
	viewer.waitForCodec(t, "inbound", "video/VP8")
	viewer.waitForSound(t)
	fox.screenshot(t, "watch")
	c.ada.waitForTiles(t, "Ada") // Finn's page has gone
}

// choosesViews uses a page's own tile, the menu of a tile and the choice of the layout.
func (p *page) choosesViews(t *testing.T) {
	t.Helper()
	p.waitForOwn(t, "in the grid")
	p.openTileMenu(t, p.name, "Cover my own tile")
	p.waitFor(t, `document.querySelector('#tiles .own-cover')?.checkVisibility()`)
	p.waitFor(t, `(document.getElementById('layout').click(), true)`)
	p.waitFor(t, `document.querySelector('.picker #view-speaker') && document.activeElement.closest('.picker')`)
}

// vp8 is Chromium that is told to use nothing else.
func (c *clients) vp8(t *testing.T) {
	vera := openPage(t, c.ada.ctx, "Vera", c.server.url+"/r/room?name=Vera&codec=vp8")
	vera.waitForPhase(t, "connected")
	vera.waitForCodec(t, "outbound", "video/VP8")
	vera.waitForCodec(t, "inbound", "video/VP8")
	for _, p := range []*page{c.ada, vera} {
		p.waitForTiles(t, "Ada", "Vera")
		p.waitForTile(t, "Ada", green)
		p.waitForTile(t, "Vera", green)
		p.waitForMotion(t, "Vera")
		p.waitForSound(t)
	}
	vera.click(t, "#leave")
	vera.waitForPhase(t, "left")
	vera.close(t)
	c.ada.waitForTiles(t, "Ada")
	viewer := openPage(t, c.ada.ctx, "viewer", c.server.url+"/watch/room?codec=vp8")
	viewer.waitForCodec(t, "inbound", "video/VP8")
	viewer.close(t)
}

// aiortc joins by one request: it sends a film, and takes the mix.
func (c *clients) aiortc(t *testing.T, codec ...string) *program {
	needModule(t, "import aiortc, numpy", "python3-aiortc")
	film := filepath.Join(c.dir, "film.mkv")
	if _, err := os.Stat(film); err != nil {
		makeFilm(t, film)
	}
	return startProgram(t, "Guest", "aiortc_whip.py", append([]string{c.server.url + "/whip/room?name=Guest", film}, codec...)...)
}

// gstreamer sends by WHIP and receives by WHEP.
func (c *clients) gstreamer(t *testing.T) *program {
	needModule(t, gstreamer, "python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-good gstreamer1.0-plugins-bad")
	return startProgram(t, "Guest", "gstreamer.py", c.server.url+"/whip/room?name=Guest", c.server.url+"/whep/room")
}

// program sees a client that is no browser come, and go.
func (c *clients) program(t *testing.T, codec string, guest *program) {
	c.ada.waitForTiles(t, "Ada", "Guest")
	c.ada.waitForBars(t, "Guest")
	c.ada.waitForMotion(t, "Guest")
	c.ada.waitForSound(t)
	guest.waitForMix(t, codec)
	guest.leave(t)
	c.ada.waitForTiles(t, "Ada")
}

// gstreamer fails where an element is missing that the script uses.
const gstreamer = `
import gi
for name in ("Gst", "GstSdp", "GstWebRTC"): gi.require_version(name, "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("webrtcbin", "nicesrc", "rtph264pay", "videobox", "openh264enc", "opusenc", "level")))`

// makeFilm makes a film of FFmpeg's test picture and a tone, longer than any client needs it: a minute and a half,
// ten times. aiortc itself cannot repeat a film, since its times of pictures begin anew.
func makeFilm(t *testing.T, file string) {
	t.Helper()
	once := strings.TrimSuffix(file, ".mkv") + "-once.mkv"
	for _, arguments := range [][]string{
		{
			"-f", "lavfi", "-i", "testsrc=size=640x360:rate=15", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
			"-t", "90", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "libopus", once,
		},
		{"-stream_loop", "9", "-i", once, "-c", "copy", file},
	} {
		command := exec.Command(need(t, "FFmpeg", "ffmpeg", "ffmpeg"), append([]string{"-loglevel", "error"}, arguments...)...)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v\n%s", err, out)
		}
	}
}

// waitForCodec waits until pictures go to the server or come from it, in a codec.
func (p *page) waitForCodec(t *testing.T, direction, codec string) {
	t.Helper()
	first := p.waitForStream(t, direction+" "+codec, direction, "video", func(s stream) bool {
		return s.Frames > 0 && strings.EqualFold(s.Codec, codec) && (direction == "outbound" || s.Width == 1280 && s.Height == 720)
	})
	p.waitForStream(t, direction+" pictures go on", direction, "video", func(s stream) bool { return s.Frames > first.Frames+10 })
}

// waitForBars waits until somebody's tile has the colours of a test picture.
func (p *page) waitForBars(t *testing.T, name string) {
	t.Helper()
	p.waitForPicture(t, "tile of "+name+" has bars", func(m image.Image) (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		tile := s.tile(name)
		red := share(m, tile, func(r, g, b int) bool { return r > max(g, b)+60 })
		green := share(m, tile, func(r, g, b int) bool { return g > max(r, b)+60 })
		blue := share(m, tile, func(r, g, b int) bool { return b > max(r, g)+60 })
		return fmt.Sprintf("red %.2f, green %.2f, blue %.2f", red, green, blue), min(red, green, blue) > 0.05
	})
}

// waitForColours waits until most of somebody's tile has another colour than before,
// as the fake camera of Firefox has.
func (p *page) waitForColours(t *testing.T, name string) {
	t.Helper()
	var first image.Image
	p.waitForPicture(t, "tile of "+name+" changes its colour", func(m image.Image) (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		if first == nil {
			first = m
		}
		changed := part(s.tile(name).Intersect(m.Bounds()).Intersect(first.Bounds()), func(x, y int) bool {
			a := color.RGBAModel.Convert(first.At(x, y)).(color.RGBA)
			b := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
			far := func(p, q uint8) bool { return max(p, q)-min(p, q) > 40 }
			return far(a.R, b.R) || far(a.G, b.G) || far(a.B, b.B)
		})
		return fmt.Sprintf("%.2f of it changed", changed), changed > 0.5
	})
}
