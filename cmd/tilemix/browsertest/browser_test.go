package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tilemix/codec/codectest"
)

// browsers are the names under which Chromium is installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// shell is Chromium without what lies around a page. It shows the same pages for three quarters of the work.
const shell = "chromium-headless-shell"

// flags of every Chromium. Windows that nobody looks at are drawn like all others.
var flags = []string{
	"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
	"disable-component-update", "disable-sync", "disable-extensions", "disable-dev-shm-usage",
	"disable-background-timer-throttling", "disable-renderer-backgrounding", "disable-backgrounding-occluded-windows",
}

// option is one more flag of Chromium.
type option struct {
	name  string
	value any // true for none
}

var (
	// noSuggestions spares each window two renderers, which would draw what the address bar suggests.
	noSuggestions = option{"disable-features", "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"}

	fakeDevices = option{"use-fake-device-for-media-stream", true}
	// calmDevices have five pictures a second: enough for what is about the page, and a quarter of the work. Where it
	// is installed, the shell has them.
	calmDevices = option{"use-fake-device-for-media-stream", "fps=5"}
	allow       = option{"use-fake-ui-for-media-stream", true}
	deny        = option{"use-fake-ui-for-media-stream", "deny"}
	sound       = option{"autoplay-policy", "no-user-gesture-required"}
)

// needBrowser returns where Chromium is, and skips the test where it is not.
func needBrowser(t *testing.T) string {
	t.Helper()
	return need(t, "Chromium", "chromium", browsers...)
}

// need returns where the first of the programs is that is installed, and skips the test
// where none is: what they are called, and the Debian package that has them.
func need(t *testing.T, what, debian string, programs ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("no real clients with -short")
	}
	for _, name := range programs {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
	}
	codectest.Lack(t, what+" is not installed; on Debian: apt-get install "+debian)
	return ""
}

// shared are the browsers of the tests so far, by their options. Each of their windows is a
// person of its own, so a test need not start the same browser again.
var shared = struct {
	sync.Mutex
	browsers map[string]*browser
}{browsers: map[string]*browser{}}

// browser is a running Chromium.
type browser struct {
	ctx context.Context // of DevTools; ends with the browser
	end func()
}

// startBrowser returns a Chromium with these options, which may be one of an earlier test.
// It runs until all tests have ended.
func startBrowser(t *testing.T, options ...option) context.Context {
	t.Helper()
	file := needBrowser(t)
	if small, err := exec.LookPath(shell); err == nil && slices.Contains(options, calmDevices) {
		file = small
	}
	return startChromium(t, file, options...)
}

// startChromium is startBrowser for the Chromium of a file.
func startChromium(t *testing.T, file string, options ...option) context.Context {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	key := fmt.Sprint(file, options)
	if b := shared.browsers[key]; b != nil {
		if b.ctx.Err() == nil {
			return b.ctx
		}
		b.end() // it crashed in an earlier test
	}
	b := launch(t, file, options)
	shared.browsers[key] = b
	return b.ctx
}

// endBrowsers ends all browsers.
func endBrowsers() {
	for _, b := range shared.browsers {
		b.end()
	}
}

// even has all processes of a browser run with one priority, and end with the tests. A browser that root runs gives
// those that run pages a lower one, so that pages stand still where several browsers share the cores.
func even(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if file, err := exec.LookPath("setpriv"); err == nil && os.Getuid() == 0 {
		command.Path, command.Args = file, append([]string{"setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"}, command.Args...)
	}
}

// launch starts a Chromium that knows nothing yet.
func launch(t *testing.T, file string, options []option) *browser {
	t.Helper()
	settings := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(file),
		chromedp.Headless,
		chromedp.WindowSize(800, 600),
		chromedp.WSURLReadTimeout(patience),
		chromedp.ModifyCmdFunc(even),
	}
	for _, name := range flags {
		settings = append(settings, chromedp.Flag(name, true))
	}
	for _, o := range append([]option{noSuggestions}, options...) {
		settings = append(settings, chromedp.Flag(o.name, o.value))
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), settings...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &browser{ctx, func() {
		closing, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = chromedp.Cancel(closing)
		end() // kills the browser where it did not close, and waits
	}}
	if err := chromedp.Run(ctx); err != nil {
		b.end()
		t.Fatalf("start of Chromium: %v", err)
	}
	return b
}
