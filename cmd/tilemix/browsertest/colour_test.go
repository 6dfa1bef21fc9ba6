package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tilemix/mixer/layout"
)

// patches are what both cameras of TestColours see: rows of four.
var patches = []color.RGBA{
	{235, 235, 235, 255},
	{200, 40, 40, 255},
	{40, 170, 60, 255},
	{40, 60, 190, 255},
	{128, 128, 128, 255},
	{224, 172, 140, 255},
	{230, 190, 40, 255},
	{24, 24, 24, 255},
}

// What the compositor paints with.
var (
	voiceTint  = color.RGBA{0x3D, 0xDC, 0x84, 255}
	canvasTint = color.RGBA{0x0D, 0x10, 0x14, 255}
)

// maxOff is by how much red, green or blue may be off, of 255.
const maxOff = 6

// filmSize is that of both cameras.
var filmSize = image.Pt(1280, 720)

// patch returns where a patch is.
func patch(i int) image.Rectangle {
	w, h := filmSize.X/4, filmSize.Y/2
	return image.Rect(0, 0, w, h).Add(image.Pt(i%4*w, i/4*h))
}

// TestColours holds what two cameras show against what the call makes of them: a
// device, whose pictures Chromium sends as it gets them, and a drawn canvas, as of
// a virtual background, which it sends in BT.709 and full range.
func TestColours(t *testing.T) {
	s := serve(t, "")
	device := openPage(t, startBrowser(t, fakeDevices, allow, sound, patchClip(t)), "Device", s.url+"/r/colours")
	canvas := openPage(t, startBrowser(t, allow, sound), "Canvas", s.url+"/r/colours", patchCanvas(t))
	own := map[string][]color.RGBA{}
	for _, p := range []*page{device, canvas} {
		p.waitFor(t, `document.activeElement?.id === 'name' && document.getElementById('preview').videoWidth === 1280
			&& document.getElementById('preview').readyState >= 2 && document.getElementById('preview').currentTime > 0`) // a picture is there
		own[p.name] = p.patches(t, "preview", image.Rectangle{Max: filmSize})
		p.press(t, p.name+kb.Enter)
	}
	// Chromium takes the clip's pictures, which are in full range, for limited range.
	if far, saw := farthest(own[canvas.name], patches); far > maxOff {
		t.Errorf("the preview shows other colours than were drawn: %s", saw)
	}
	for _, p := range []*page{device, canvas} {
		p.waitForPhase(t, "connected")
		tiles := p.waitForTiles(t, device.name, canvas.name)
		for _, of := range []*page{device, canvas} {
			eventually(t, fmt.Sprintf("%s sees the colours of %s", p.name, of.name), func() (string, bool) {
				far, saw := farthest(p.patches(t, "mix", tiles.tile(of.name)), own[of.name])
				return saw, far <= maxOff
			})
		}
		p.waitForState(t, "the canvas speaks", func(s state) bool { return s.person(canvas.name).Speaking })
		tile := tiles.tile(canvas.name)
		border := image.Rect(tile.Min.X+tile.Dx()/4, tile.Min.Y+2, tile.Max.X-tile.Dx()/4, tile.Min.Y+4)
		gap := image.Rect(0, 0, tiles.Layout.Width, min(tile.Min.Y, tiles.tile(device.name).Min.Y)-8)
		eventually(t, p.name+" sees the border and the background as painted", func() (string, bool) {
			far, saw := farthest(p.colours(t, "mix", border, gap), []color.RGBA{voiceTint, canvasTint})
			return saw, far <= maxOff
		})
	}
}

// farthest returns the greatest difference of any red, green or blue, and words for a
// failing test.
func farthest(got, want []color.RGBA) (far int, words string) {
	if len(got) != len(want) {
		return 255, fmt.Sprintf("%d colours, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		for _, pair := range [][2]uint8{{g.R, w.R}, {g.G, w.G}, {g.B, w.B}} {
			far = max(far, int(max(pair[0], pair[1])-min(pair[0], pair[1])))
		}
	}
	return far, fmt.Sprintf("%d off: %v, want %v", far, got, want)
}

// patches returns the colours of the patches' middles, in a tile that shows them.
func (p *page) patches(t *testing.T, id string, tile image.Rectangle) []color.RGBA {
	t.Helper()
	crop, place := layout.Fit(filmSize, tile)
	places := make([]image.Rectangle, len(patches))
	for i := range places {
		r := patch(i).Intersect(crop).Sub(crop.Min)
		x, y := r.Dx()*3/8, r.Dy()*3/8
		r = image.Rect(r.Min.X+x, r.Min.Y+y, r.Max.X-x, r.Max.Y-y)
		places[i] = image.Rect(
			r.Min.X*place.Dx()/crop.Dx(), r.Min.Y*place.Dy()/crop.Dy(),
			r.Max.X*place.Dx()/crop.Dx(), r.Max.Y*place.Dy()/crop.Dy()).Add(place.Min)
	}
	return p.colours(t, id, places...)
}

// colours returns the mean colours of parts of the picture that a video element
// shows.
func (p *page) colours(t *testing.T, id string, parts ...image.Rectangle) []color.RGBA {
	t.Helper()
	rects, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	var means []color.RGBA
	err = p.ask(`((parts) => {
		const video = document.getElementById(`+quote(id)+`);
		const canvas = new OffscreenCanvas(video.videoWidth || 1, video.videoHeight || 1);
		const context = canvas.getContext('2d');
		context.drawImage(video, 0, 0);
		return parts.map(({Min, Max}) => {
			const {data} = context.getImageData(Min.X, Min.Y, Math.max(1, Max.X - Min.X), Math.max(1, Max.Y - Min.Y));
			const sum = [0, 0, 0, 0];
			for (let i = 0; i < data.length; i++) sum[i % 4] += data[i];
			const [R, G, B, A] = sum.map((v) => Math.round(4 * v / data.length));
			return {R, G, B, A};
		});
	})(`+string(rects)+`)`, &means)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return means
}

// patchClip makes a film of the patches for Chromium's fake camera.
func patchClip(t *testing.T) option {
	t.Helper()
	m := image.NewRGBA(image.Rectangle{Max: filmSize})
	for i, c := range patches {
		draw.Draw(m, patch(i), image.NewUniform(c), image.Point{}, draw.Src)
	}
	var film bytes.Buffer
	if err := jpeg.Encode(&film, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(scratch, "patches.mjpeg")
	if err := os.WriteFile(file, film.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return option{"use-file-for-fake-video-capture", file}
}

// patchCanvas makes a page's camera a canvas with the patches, and its microphone
// somebody who hums.
func patchCanvas(t *testing.T) chromedp.Action {
	t.Helper()
	var drawing bytes.Buffer
	for i, c := range patches {
		r := patch(i)
		fmt.Fprintf(&drawing, "g.fillStyle = 'rgb(%d %d %d)'; g.fillRect(%d, %d, %d, %d);\n",
			c.R, c.G, c.B, r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	}
	script := fmt.Sprintf(`navigator.mediaDevices.getUserMedia = async (wanted) => {
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [%d, %d];
		const g = canvas.getContext('2d');
		const draw = () => { %s };
		draw();
		setInterval(draw, 50);
		const audio = new AudioContext();
		const voice = audio.createOscillator();
		const out = audio.createMediaStreamDestination();
		voice.frequency.value = 170;
		voice.connect(out);
		voice.start();
		return new MediaStream([
			...(wanted.video ? canvas.captureStream(20).getTracks() : []),
			...(wanted.audio ? out.stream.getTracks() : []),
		]);
	};`, filmSize.X, filmSize.Y, drawing.String())
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}
