package web_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tilemix/web"
)

var pages = []string{"index.html", "call.html", "watch.html", "lost.html", "archive.html", "admin.html", "check.html"}

// sources returns all text that a browser can load, by its address.
func sources(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range pages {
		page := web.Page(name)
		if len(page) == 0 {
			t.Fatalf("no page %s", name)
		}
		all["/"+name] = string(page)
	}
	for at, open := range map[string]func() (fs.FS, error){"/static/": web.Static, "/sdk/": web.SDK} {
		folder, err := open()
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Dir(name) == "vendor" || isBuilt(name) {
				if strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".css") {
					all[at+name] = "" // others' code, or built: it is there
				}
				return err
			}
			b, err := fs.ReadFile(folder, name)
			all[at+name] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// isBuilt tells what go generate has made.
func isBuilt(name string) bool {
	return strings.Contains(name, ".es2019.") || strings.Contains(name, ".min.")
}

func TestPageUnknown(t *testing.T) {
	for _, name := range []string{"", ".", "static", "other.html", "../web.go"} {
		if web.Page(name) != nil {
			t.Errorf("Page(%q) is not nil", name)
		}
	}
}

// TestReferencesExist follows every address in a page, a module or a style
// sheet to a file that is embedded, and to an icon that is in the sprite.
func TestReferencesExist(t *testing.T) {
	all := sources(t)
	absolute := regexp.MustCompile(`/static/[\w./-]+(#[\w$-]+)?`)
	imported := regexp.MustCompile(`(?:from|import|import\() ?'(\.[^']+)'`)
	found := 0
	for name, text := range all {
		for _, ref := range absolute.FindAllString(text, -1) {
			file, fragment, _ := strings.Cut(ref, "#")
			target, ok := all[file]
			if !ok {
				t.Errorf("%s refers to %s, which is not there", name, file)
			}
			if fragment != "" && !strings.HasPrefix(fragment, "$") && !strings.Contains(target, `id="`+fragment+`"`) {
				t.Errorf("%s refers to %s, which %s lacks", name, fragment, file)
			}
			found++
		}
		for _, m := range imported.FindAllStringSubmatch(text, -1) {
			if _, ok := all[path.Join(path.Dir(name), m[1])]; !ok {
				t.Errorf("%s imports %s, which is not there", name, m[1])
			}
			found++
		}
	}
	if found < 40 {
		t.Errorf("only %d references found: the patterns see too little", found)
	}
}

// TestIconNames checks that the names that modules may use, a type that the
// type checker holds them to, are those of the sprite.
func TestIconNames(t *testing.T) {
	all := sources(t)
	typedef := regexp.MustCompile(`@typedef \{(.*)\} IconName`).FindStringSubmatch(all["/static/dom.js"])
	if typedef == nil {
		t.Fatal("dom.js has no type IconName")
	}
	var inType, inSprite []string
	for _, m := range regexp.MustCompile(`'([\w-]+)'`).FindAllStringSubmatch(typedef[1], -1) {
		inType = append(inType, m[1])
	}
	for _, m := range regexp.MustCompile(`<symbol id="([\w-]+)"`).FindAllStringSubmatch(all["/static/icons.svg"], -1) {
		inSprite = append(inSprite, m[1])
	}
	slices.Sort(inType)
	slices.Sort(inSprite)
	if !slices.Equal(inType, inSprite) {
		t.Errorf("IconName has %v, icons.svg %v", inType, inSprite)
	}
}

// TestElementsExist checks that a page's modules find the elements they ask for.
func TestElementsExist(t *testing.T) {
	all := sources(t)
	lobby := all["/static/lobby.js"]
	for _, tt := range []struct {
		page    string
		modules []string
	}{
		{"/index.html", []string{"join.js", "lobby.js"}},
		{"/call.html", []string{"call.js", "chat.js", "controls.js", "lobby.js", "panel.js", "people.js", "phases.js", "recordings.js", "overlay.js", "toasts.js"}},
		{"/watch.html", []string{"watch.js", "overlay.js"}},
		{"/archive.html", []string{"archive.js", "toasts.js"}},
		{"/admin.html", []string{"admin.js", "toasts.js"}},
		{"/check.html", []string{"trial.js"}},
	} {
		for _, module := range tt.modules {
			for _, m := range regexp.MustCompile(`byId\('([\w-]+)'`).FindAllStringSubmatch(all["/static/"+module], -1) {
				id := `id="` + m[1] + `"`
				if !strings.Contains(all[tt.page], id) && !strings.Contains(lobby, id) {
					t.Errorf("%s asks for #%s, which %s lacks", module, m[1], tt.page)
				}
			}
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([\w-]+)"`).FindAllStringSubmatch(all[tt.page], -1) {
			if ids[m[1]] {
				t.Errorf("%s has #%s twice", tt.page, m[1])
			}
			ids[m[1]] = true
		}
	}
}

// TestSelfContained checks what the policy default-src 'self' would block:
// other hosts, inline scripts, inline styles.
func TestSelfContained(t *testing.T) {
	host := regexp.MustCompile(`(?:https?:|wss?:|["'(])//[\w\[]`)
	inline := regexp.MustCompile(`<script>|<style|<script type="module">|\sstyle="|\son[a-z]+="|javascript:|data:`)
	for name, text := range sources(t) {
		text = strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")
		if m := host.FindString(text); m != "" {
			t.Errorf("%s refers to another host: %s", name, m)
		}
		if m := inline.FindString(text); m != "" {
			t.Errorf("%s has what the policy blocks: %s", name, m)
		}
	}
}
