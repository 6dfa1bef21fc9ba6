package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	readmePicture = "../../../testdata/call.png"
	readmeWidth   = 1280 // pixels
	readmeHeight  = 800
	readmeLimit   = 400_000 // bytes
)

// TestReadmePicture holds the README's picture to its size. With -update it takes
// a new one, of a call of drawn people.
func TestReadmePicture(t *testing.T) {
	if *update {
		if err := os.WriteFile(readmePicture, screenshot(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(readmePicture)
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if config.Width != readmeWidth || config.Height != readmeHeight || len(file) > readmeLimit {
		t.Errorf("%s has %dx%d pixels in %d bytes, want %dx%d in at most %d",
			readmePicture, config.Width, config.Height, len(file), readmeWidth, readmeHeight, readmeLimit)
	}
}

// screenshot takes a picture of a page in a call: one speaks, one is muted, one
// has no camera.
func screenshot(t *testing.T) []byte {
	s := serve(t, "")
	browser := startBrowser(t, allow, sound)
	drawing, err := os.ReadFile("testdata/portraits.js")
	if err != nil {
		t.Fatal(err)
	}
	people := []struct{ name, portrait string }{
		{"Amara Okafor", "study"}, {"Mateo Silva", "window"}, {"Yuki Tanaka", "gallery"}, {"Noor Haddad", ""},
	}
	var names []string
	var pages []*page
	for _, person := range people {
		script := fmt.Sprintf("window.portrait = %s;\n%s", quote(person.portrait), drawing)
		address := s.url + "/r/team-call?name=" + url.QueryEscape(person.name)
		p := openPage(t, browser, person.name, address, chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := cdppage.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
			return err
		}), dark, chromedp.EmulateViewport(readmeWidth, readmeHeight))
		p.waitForPhase(t, "connected")
		names, pages = append(names, person.name), append(pages, p)
	}
	amara, mateo, yuki := pages[0], pages[1], pages[2]
	yuki.press(t, "m")
	mateo.waitForTiles(t, names...)
	mateo.waitForState(t, "one speaks, one is muted, one has no camera", func(s state) bool {
		return s.person(names[0]).Speaking && s.person(names[2]).AudioMuted && s.person(names[3]).VideoMuted
	})
	first := mateo.waitForStream(t, "a picture", "inbound", "video", func(s stream) bool { return s.Frames > 0 })
	mateo.waitForStream(t, "a good picture", "inbound", "video", func(s stream) bool { return s.Frames > first.Frames+200 })
	for _, p := range []*page{amara, mateo, yuki} {
		p.waitForStream(t, "an uplink of a tile's size", "outbound", "video", func(s stream) bool { return s.Width >= 600 })
	}
	mateo.waitFor(t, `document.getElementById('toasts').childElementCount === 0`)
	var taken []byte
	mateo.do(t, chromedp.CaptureScreenshot(&taken))
	return packed(t, taken)
}

// packed makes a PNG file small. It keeps 6 of 8 bits: the rest is mostly what
// the video codec leaves of flat colours, which nobody sees and PNG packs badly.
func packed(t *testing.T, file []byte) []byte {
	t.Helper()
	taken, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewRGBA(taken.Bounds())
	draw.Draw(m, m.Rect, taken, m.Rect.Min, draw.Src)
	for i, v := range m.Pix {
		m.Pix[i] = uint8((int(v)*63 + 127) / 255 * 255 / 63)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, m); err != nil {
		t.Fatal(err)
	}
	return small.Bytes()
}

// dark is what a page finds on a device with a dark scheme.
var dark = emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
	{Name: "prefers-color-scheme", Value: "dark"},
})
