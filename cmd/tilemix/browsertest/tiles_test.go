package browsertest

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pin is the selector of the button that lies over somebody's tile.
func (s state) pin(name string) string {
	return `#tiles [data-tile="` + s.person(name).ID + `"] .tile-pin`
}

// pins waits until the page has exactly these pinned after it acted, with tiles larger than all others.
func (p *page) pins(t *testing.T, act func(), pinned ...string) {
	t.Helper()
	p.pinsWhere(t, act, func(state) bool { return true }, pinned...)
}

// pinsWhere is pins, and something else is so at the same time. The page acts again, as a person would, each
// time that the server refuses a view.
func (p *page) pinsWhere(t *testing.T, act func(), also func(state) bool, pinned ...string) {
	t.Helper()
	before, err := p.refusals()
	if err != nil {
		t.Fatal(err)
	}
	act()
	eventually(t, fmt.Sprintf("%s: %q pinned", p.name, pinned), func() (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		if s.pins(pinned) && also(s) {
			return "", true
		}
		now, err := p.refusals()
		if err == nil && now > before && s.Layout.View.Pin == nil {
			before = now
			act()
		}
		return fmt.Sprintf("%+v, refused %d times", s, now), false
	})
}

// refusals is how often the server has refused the page a view, or has taken it away, since the first call.
func (p *page) refusals() (n int, err error) {
	err = p.ask(`(window.refused ??= (window.tilemix.ws.addEventListener('message', ({ data }) => data.includes('"view_limit"') && refused.count++), { count: 0 })).count`, &n)
	return n, err
}

// pins tells whether exactly these are pinned.
func (s state) pins(pinned []string) bool {
	var ids []string
	for _, name := range pinned {
		ids = append(ids, s.person(name).ID)
	}
	for _, tile := range s.Layout.Tiles {
		for _, large := range pinned {
			if !slices.Contains(ids, tile.ID) && tile.Width >= s.tile(large).Dx() {
				return false
			}
		}
	}
	return slices.Equal(s.Layout.View.Pin, ids)
}

// bot has a participant without a browser show orange, in small pictures.
func (s *server) bot(t *testing.T, room, name string) {
	t.Helper()
	need(t, "FFmpeg", "ffmpeg", "ffmpeg")
	orangeClip(t)
	command := exec.Command("tilemix", "join", s.url, "--room", room, "--name", name, "--size", "320x180", "--frame-rate", "10",
		"--camera", filepath.Join(scratch, "orange.y4m"), "--loop")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
}

// picture is what the server takes of a room's own view.
func (s *server) picture(room string) (image.Image, error) {
	resp, err := http.Get(s.url + "/api/v1/rooms/" + room + "/picture.jpg")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	return jpeg.Decode(resp.Body)
}

// TestPinTiles pins and unpins by mouse and keyboard what others see no different. The other participant
// is no browser, because two of them leave two cores no time for a picture more.
func TestPinTiles(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--max-views", "8")
	s.bot(t, "room", "Bob")
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", s.url+"/r/room?name=Ada")
	there := ada.waitForTiles(t, "Ada", "Bob")
	grid := there.tile("Bob")
	click := func() { ada.click(t, there.pin("Bob")) }
	press := func(key string) func() { return func() { ada.press(t, key) } }
	focus := func(name string) {
		ada.do(t, chromedp.Focus(there.pin(name), chromedp.ByQuery))
	}

	ada.pinsWhere(t, click, func(now state) bool {
		m, err := ada.picture()
		large := now.tile("Bob")
		if err != nil || shown(m, large) != orange || shown(m, now.tile("Ada")) != green || large.Dx() <= grid.Dx() {
			return false
		}
		m, err = s.picture("room")
		if err != nil || shown(m, there.tile("Ada")) != green || shown(m, grid) != orange { // for the others it is the grid
			return false
		}
		var marked bool
		err = ada.ask(`Boolean(document.querySelector('`+there.pin("Bob")+`[aria-pressed="true"] + .tile-pinned')?.checkVisibility())`, &marked)
		return err == nil && marked
	}, "Bob")
	ada.pins(t, click)
	ada.waitForTile(t, "Bob", orange)
	ada.waitForTile(t, "Ada", green)

	// Tab comes to one tile, and arrows to the others.
	focus("Ada")
	arrow := kb.ArrowRight
	if there.tile("Ada").Min.X > grid.Min.X {
		arrow = kb.ArrowLeft
	}
	ada.press(t, arrow)
	ada.waitFor(t, `document.activeElement === document.querySelector('`+there.pin("Bob")+`') && document.querySelectorAll('#tiles .tile-pin[tabindex="0"]').length === 1`)
	ada.pins(t, press(kb.Enter), "Bob")
	ada.pins(t, press(kb.Escape))
	ada.pins(t, press(kb.Enter), "Bob")
	ada.pins(t, press(kb.Enter))
	first := "Ada"
	if s, err := ada.state(); err == nil && s.Layout.Tiles[0].ID == s.person("Bob").ID {
		first = "Bob"
	}
	ada.pins(t, press("1"), first)
	ada.pins(t, press("0"))
}

// openTileMenu chooses from the menu of a tile.
func (p *page) openTileMenu(t *testing.T, name, item string) {
	t.Helper()
	s, err := p.state()
	if err != nil {
		t.Fatal(err)
	}
	more := `#tiles [data-tile="` + s.person(name).ID + `"] .tile-more`
	p.waitFor(t, `(() => {
		const button = document.querySelector('`+more+`');
		button?.click();
		return Boolean(button);
	})()`)
	p.waitFor(t, `document.activeElement?.role === 'menuitem'`)
	p.waitFor(t, `(() => {
		const item = [...document.querySelectorAll('.menu-item')].find((i) => i.innerText.startsWith(`+quote(item)+`));
		item?.click();
		return Boolean(item);
	})()`)
}
