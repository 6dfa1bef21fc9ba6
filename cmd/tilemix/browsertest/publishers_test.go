package browsertest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"tilemix/codec/codectest"
)

// TestPublishers has one client stack after the other publish by WHIP with what it offers by
// default. Ada sees the colours of each, and that they move.
func TestPublishers(t *testing.T) {
	t.Parallel()
	c := &clients{server: serve(t, ""), dir: t.TempDir()}
	c.ada = openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", c.server.url+"/r/room?name=Ada")
	c.ada.waitForTile(t, "Ada", green)
	t.Run("GStreamer without a bundle", func(t *testing.T) {
		needModule(t, gstreamer, "python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-good gstreamer1.0-plugins-bad")
		c.publishes(t, startProgram(t, "Guest", "gstreamer.py", c.url()))
	})
	for name, script := range map[string][]string{
		"libdatachannel":                   {"libdatachannel.mjs"},
		"libdatachannel with three layers": {"libdatachannel.mjs", "3"},
		"libwebrtc with three layers":      {"wrtc.mjs"},
		"werift":                           {"werift.mjs"},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := append([]string{filepath.Join(npm(t), script[0]), c.url()}, script[1:]...)
			c.publishes(t, start(t, "Guest", exec.Command("node", arguments...)))
		})
	}
	t.Run("Chromium with three layers", func(t *testing.T) {
		c.layers(t, openPage(t, c.ada.ctx, "Guest", c.server.url+"/docs/"))
	})
	t.Run("Firefox with three layers", func(t *testing.T) {
		c.layers(t, startFirefox(t).open(t, "Guest", c.server.url+"/docs/"))
	})
}

func (c *clients) url() string { return c.server.url + "/whip/room?name=Guest" }

// publishes sees a client come that only sends, and go.
func (c *clients) publishes(t *testing.T, guest *program) {
	c.ada.waitForTiles(t, "Ada", "Guest")
	c.ada.waitForBars(t, "Guest")
	c.ada.waitForMotion(t, "Guest")
	guest.leave(t)
	c.ada.waitForTiles(t, "Ada")
}

// layers has a browser publish three layers of a film that it draws.
func (c *clients) layers(t *testing.T, guest *page) {
	var answer string
	if err := guest.ask(fmt.Sprintf(threeLayers, c.url()), &answer); err != nil {
		t.Fatal(err)
	}
	c.ada.waitForTiles(t, "Ada", "Guest")
	c.ada.waitForPicture(t, "tile of Guest is red", func(m image.Image) (string, bool) {
		s, err := c.ada.state()
		if err != nil {
			return err.Error(), false
		}
		red := share(m, s.tile("Guest"), func(r, g, b int) bool { return r > max(g, b)+60 })
		return fmt.Sprintf("red %.2f", red), red > 0.3
	})
	c.ada.waitForMotion(t, "Guest")
	var gone string
	if err := guest.ask(`(async () => { await fetch(window.session, {method: 'DELETE'}); window.film.close(); return 'gone'; })()`, &gone); err != nil {
		t.Error(err)
	}
	c.ada.waitForTiles(t, "Ada")
}

// threeLayers draws a red picture with a bar that moves, and publishes it with sendEncodings.
const threeLayers = `(async () => {
	const canvas = document.createElement('canvas');
	[canvas.width, canvas.height] = [1280, 720];
	const pen = canvas.getContext('2d');
	let x = 0;
	setInterval(() => {
		pen.fillStyle = 'rgb(220, 20, 20)';
		pen.fillRect(0, 0, 1280, 720);
		pen.fillStyle = 'rgb(255, 255, 255)';
		pen.fillRect(x = (x + 40) %% 1280, 0, 200, 720);
	}, 50);
	const pc = window.film = new RTCPeerConnection();
	pc.addTransceiver(canvas.captureStream(20).getVideoTracks()[0], {direction: 'sendonly', sendEncodings: [
		{rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}, {rid: 'f'}]});
	await pc.setLocalDescription();
	await new Promise((done) => {
		if (pc.iceGatheringState === 'complete') done();
		pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done();
	});
	const response = await fetch('%s', {method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: pc.localDescription.sdp});
	const sdp = await response.text();
	if (!response.ok) throw new Error(sdp);
	window.session = response.headers.get('Location');
	if ((sdp.match(/a=rid:/g) ?? []).length !== 3) throw new Error('no three layers in ' + sdp);
	await pc.setRemoteDescription({type: 'answer', sdp});
	return sdp;
})()`

// npm returns a folder with the scripts of testdata/npm and the packages that they use.
func npm(t *testing.T) string {
	t.Helper()
	return fetched(t, packages)
}

// fetched returns a folder of testdata with the packages that its files name.
func fetched(t *testing.T, folder func() (string, error)) string {
	t.Helper()
	need(t, "Node.js", "nodejs npm", "npm")
	dir, err := folder()
	if err != nil {
		codectest.Lack(t, err.Error())
	}
	return dir
}

// packages and oldest are install, once each: of the scripts of other clients, and of Chromium 83. They begin
// before the first test, because the tests before those that need them take longer than the network does.
var (
	packages = sync.OnceValues(func() (string, error) { return install("npm") })
	oldest   = sync.OnceValues(func() (string, error) { return install("chromium83") })
)

// install copies a folder of testdata and installs the packages that its files name. It does so
// once, and keeps the copy for the next time.
func install(folder string) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	from := filepath.Join("testdata", folder)
	hash, err := hashOf(from)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(cache, "tilemix-test", folder+"-"+hash)
	if _, err := os.Stat(filepath.Join(dir, "installed")); err == nil {
		return dir, nil
	}
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(from))); err != nil {
		return "", err
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return dir, os.WriteFile(filepath.Join(dir, "installed"), nil, 0o644)
}

// hashOf returns a name for what the files of a folder are now.
func hashOf(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", e.Name(), len(text), text)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}
