package browsertest

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// preferences of Firefox give it a camera and a microphone of its own, nothing to ask
// and nobody to call. This Firefox has a fake camera whose colours change and a
// microphone that hums.
const preferences = `
user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("media.gmp-provider.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

// firefox is a Firefox with one window, driven by WebDriver BiDi
// (https://w3c.github.io/webdriver-bidi). It is for one goroutine.
type firefox struct {
	conn   *websocket.Conn
	window string
	calls  int
}

// startFirefox starts a Firefox that knows nothing yet. It runs until the test's end.
func startFirefox(t *testing.T) *firefox {
	t.Helper()
	command := exec.Command(need(t, "Firefox", "firefox-esr", "firefox-esr", "firefox"),
		"--headless", "--no-remote", "--profile", profile(t), "--remote-debugging-port", "0")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, url, found := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); found {
				address <- url
			}
		}
	})
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		reading.Wait()
		_ = command.Wait()
	})
	f := &firefox{}
	select {
	case url := <-address:
		f.connect(t, url+"/session")
	case <-time.After(patience):
		t.Fatal("Firefox does not say where it listens")
	}
	return f
}

// profile makes a directory of preferences, which goes when Firefox has ended.
func profile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "user.js"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (f *firefox) connect(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if f.conn, _, err = websocket.Dial(ctx, url, nil); err != nil { //nolint:bodyclose // Dial closes it
		t.Fatalf("Firefox: %v", err)
	}
	f.conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = f.conn.CloseNow() })
	var tree struct {
		Contexts []struct{ Context string }
	}
	if err := f.call("session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.call("browsingContext.getTree", map[string]any{}, &tree); err != nil || len(tree.Contexts) == 0 {
		t.Fatalf("Firefox has the windows %v: %v", tree, err)
	}
	f.window = tree.Contexts[0].Context
}

// call calls a method and puts what it returns into result, where that is not nil.
func (f *firefox) call(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	f.calls++
	if err := wsjson.Write(ctx, f.conn, map[string]any{"id": f.calls, "method": method, "params": params}); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for {
		var reply struct {
			ID             int
			Result         json.RawMessage
			Error, Message string
		}
		if err := wsjson.Read(ctx, f.conn, &reply); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		switch {
		case reply.ID != f.calls: // an event
		case reply.Error != "":
			return fmt.Errorf("%s: %s: %s", method, reply.Error, reply.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(reply.Result, result)
		}
	}
}

// open has the window show an address. The rest of page but what needs DevTools is
// for the page that it returns.
func (f *firefox) open(t *testing.T, name, url string) *page {
	t.Helper()
	url, script := entered(url)
	if script != "" {
		preload := map[string]any{"functionDeclaration": "() => {" + script + "}"}
		if err := f.call("script.addPreloadScript", preload, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := f.call("browsingContext.navigate", map[string]any{"context": f.window, "url": url, "wait": "complete"}, nil); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &page{name: name, evaluate: f.evaluate}
}

// evaluate puts the value of a JavaScript expression, or of its promise, into value.
func (f *firefox) evaluate(expression string, value any) error {
	var reply struct {
		Result struct {
			Value string // of JSON
		}
		ExceptionDetails struct{ Text string }
	}
	err := f.call("script.evaluate", map[string]any{
		"expression":   "(async () => JSON.stringify(await (" + expression + ")))()",
		"target":       map[string]any{"context": f.window},
		"awaitPromise": true,
	}, &reply)
	if err != nil {
		return err
	}
	if text := reply.ExceptionDetails.Text; text != "" {
		return fmt.Errorf("%s: %s", expression, text)
	}
	return json.Unmarshal([]byte(reply.Result.Value), value)
}

// screenshot takes a picture of the window and keeps it where go test -artifacts does.
func (f *firefox) screenshot(t *testing.T, name string) {
	t.Helper()
	var shot struct{ Data string }
	if err := f.call("browsingContext.captureScreenshot", map[string]any{"context": f.window}, &shot); err != nil {
		t.Fatal(err)
	}
	file, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), file, 0o644); err != nil {
		t.Fatal(err)
	}
}
