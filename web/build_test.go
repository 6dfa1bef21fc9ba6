package web_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"tilemix/web"
)

// pageScripts are the pages' own modules.
var pageScripts = []string{
	"static/call.js", "static/join.js", "static/watch.js", "static/lost.js", "static/archive.js", "static/admin.js", "static/trial.js",
	"static/picker.js", "static/studio.js",
} // the call page loads these two when they are wanted

// styles are the style sheets of each page, in their order.
var styles = map[string][]string{
	"call":    {"base.css", "lobby.css", "call.css", "hosts.css"},
	"join":    {"base.css", "lobby.css"},
	"watch":   {"base.css", "call.css", "hosts.css"},
	"archive": {"base.css", "lobby.css", "hosts.css"},
	"admin":   {"base.css", "lobby.css", "hosts.css", "admin.css"},
	"trial":   {"base.css", "lobby.css", "trial.css"},
}

// TestBuild compares the built files to the modules and style sheets. With -update it writes it.
func TestBuild(t *testing.T) {
	for name, built := range build(t) {
		file := filepath.Join("static", name)
		if *update {
			if err := os.WriteFile(file, built, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		there, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(there, built) {
			t.Errorf("%s is not what the modules say: go generate ./web", name)
		}
	}
}

// build makes one file of each page's modules, once for browsers of today and once in JavaScript of
// 2019 (ECMA-262, 10th edition); the SDK as one file; and one style sheet of each page.
func build(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	bundle(t, files, len(pageScripts), api.BuildOptions{
		EntryPoints:  pageScripts,
		Inject:       []string{"static/compat.js"},
		Plugins:      []api.Plugin{later(".es2019.js")},
		OutExtension: map[string]string{".js": ".es2019.js"},
		Target:       api.ES2019,
	})
	bundle(t, files, len(pageScripts), api.BuildOptions{
		EntryPoints:  pageScripts,
		Plugins:      []api.Plugin{later(".min.js")},
		OutExtension: map[string]string{".js": ".min.js"},
		Target:       api.ES2022,
	})
	bundle(t, files, 1, api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: "sdk/index.js", OutputPath: "sdk"}},
		External:            []string{"./check.js", "./crossing.js"}, // beside it, when a page wants them
		OutExtension:        map[string]string{".js": ".min.js"},
		Target:              api.ES2019,
		Plugins:             []api.Plugin{private()},
		MangleProps:         "^__",
		// Fields are then assigned, which is shorter than to define them.
		TsconfigRaw: `{"compilerOptions": {"useDefineForClassFields": false}}`,
	})
	bundle(t, files, 1, api.BuildOptions{
		EntryPoints:  []string{"sdk/elements.js"},
		OutExtension: map[string]string{".js": ".min.js"},
		Target:       api.ES2022, // fields of classes
	})
	bundle(t, files, 2, api.BuildOptions{
		EntryPoints:  []string{"sdk/check.js", "sdk/crossing.js"},
		OutExtension: map[string]string{".js": ".min.js"},
		Target:       api.ES2019,
	})
	for page, sheets := range styles {
		text := ""
		for _, sheet := range sheets {
			text += "@import './" + sheet + "';\n"
		}
		bundle(t, files, 1, api.BuildOptions{
			Stdin:    &api.StdinOptions{Contents: text, ResolveDir: "static", Sourcefile: page + ".min.css", Loader: api.LoaderCSS},
			Outfile:  filepath.Join("static", page+".min.css"),
			External: []string{"*.svg"},
			Target:   api.ES2019,
		})
	}
	return files
}

// private gives the private members of classes names that MangleProps shortens. ES2019 has none, and
// the maps that would stand for them are a tenth of the SDK.
func private() api.Plugin {
	member := regexp.MustCompile(`(?m)(\.|^\s+(?:async |get |set )?)#(\w)`)
	return api.Plugin{Name: "private", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `/sdk/\w+\.js$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(a.Path)
			code := member.ReplaceAllString(string(text), "${1}__$2")
			return api.OnLoadResult{Contents: &code, Loader: api.LoaderTS}, err
		})
	}}
}

// later leaves what a page imports when it is wanted out of the page's file.
func later(ending string) api.Plugin {
	return api.Plugin{Name: "later", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^\./(picker|studio)\.js$`}, func(a api.OnResolveArgs) (r api.OnResolveResult, _ error) {
			if a.Kind == api.ResolveJSDynamicImport {
				r.Path, r.External = strings.TrimSuffix(a.Path, ".js")+ending, true
			}
			return r, nil
		})
	}}
}

// bundle makes files of what the options say, n of them, and adds them by their names.
func bundle(t *testing.T, files map[string][]byte, n int, options api.BuildOptions) {
	t.Helper()
	options.Bundle = true
	options.Format = api.FormatESModule
	options.External = append(options.External, "./vendor/*")
	options.Supported = map[string]bool{"import-meta": true, "dynamic-import": true}
	options.MinifyWhitespace, options.MinifyIdentifiers, options.MinifySyntax = true, true, true
	options.Charset = api.CharsetUTF8
	options.LegalComments = api.LegalCommentsNone
	if options.Outfile == "" {
		options.Outdir = "static"
	} else {
		options.Format = api.FormatDefault
	}
	result := api.Build(options)
	for _, m := range append(result.Errors, result.Warnings...) {
		t.Errorf("esbuild: %s", m.Text)
	}
	if len(result.OutputFiles) != n {
		t.Fatalf("esbuild made %d files, not %d", len(result.OutputFiles), n)
	}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
}

// TestBuildOld checks that the build needs no newer browser: no syntax after 2019, and nothing
// that the build does not bring.
func TestBuildOld(t *testing.T) {
	newer := regexp.MustCompile(`\w\?\?\w|\w\?\.[a-zA-Z(\[]|this\.#`)
	// A selector that a browser does not know throws. These are from Chromium 88 and 105 on.
	selectors := regexp.MustCompile(`:not\([^()]*,|:(is|where|has)\(`)
	for name, built := range build(t) {
		if !strings.HasSuffix(name, ".es2019.js") {
			continue
		}
		// A text may have any of these.
		code := regexp.MustCompile("\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`|/[^/\n ]+/[gimu]*").ReplaceAll(built, nil)
		if found := newer.Find(code); found != nil {
			t.Errorf("%s has %s", name, found)
		}
		if found := selectors.Find(built); found != nil {
			t.Errorf("%s has the selector %s", name, found)
		}
		for _, shim := range []string{"replaceChildren", "AbortSignal.timeout="} {
			if !bytes.Contains(built, []byte(shim)) {
				t.Errorf("%s lacks %s", name, shim)
			}
		}
	}
}

// TestFirstLoad holds what the call page costs before anything is seen, in the build: bytes as
// gzip makes them, and requests.
func TestFirstLoad(t *testing.T) {
	const most = 60 << 10
	all := map[string][]byte{"call.html": web.Page("call.html")}
	text := string(all["call.html"])
	for _, m := range regexp.MustCompile(`(?:href| src)="\.\./static/([\w./-]+)`).FindAllStringSubmatch(text, -1) {
		b, err := os.ReadFile(filepath.Join("static", m[1]))
		if err != nil {
			t.Fatal(err)
		}
		all[m[1]] = b
	}
	all["call.min.js"] = build(t)["call.min.js"]
	for _, name := range []string{"icons.svg", "logo.svg"} { // the markup shows them
		b, err := os.ReadFile(filepath.Join("static", name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = b
	}
	sum := 0
	for name, b := range all {
		n := packed(t, b)
		t.Logf("%6d %s", n, name)
		sum += n
	}
	t.Logf("%d bytes in %d requests", sum, len(all))
	if sum > most {
		t.Errorf("the call page takes %d bytes, more than %d", sum, most)
	}
	if len(all) > 6 {
		t.Errorf("%d requests", len(all))
	}
	if strings.Contains(text, `type="module"`) {
		t.Error("the call page loads modules itself, and not by boot.js")
	}
}

// packed is the size of what gzip makes of a file.
func packed(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// TestSDKSize holds what a page of others loads for a call: bytes as gzip makes them. It needs
// nothing else, so it imports nothing.
func TestSDKSize(t *testing.T) {
	const most = 15_000
	built := build(t)["sdk.min.js"]
	n := packed(t, built)
	t.Logf("%d bytes, %d as gzip", len(built), n)
	if n > most {
		t.Errorf("the SDK takes %d bytes, more than %d", n, most)
	}
	built = bytes.Replace(built, []byte(`import("./check.js")`), nil, 1)
	built = bytes.Replace(built, []byte(`import("./crossing.js")`), nil, 1)
	if found := regexp.MustCompile(`import *[({"']|from *["']|localStorage|sessionStorage`).Find(built); found != nil {
		t.Errorf("the SDK has %s: it depends on no file and keeps nothing", found)
	}
}
