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

// TestBuild compares the build for older browsers to the modules. With -update it writes it.
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

// build makes one file of each page's modules, in JavaScript of 2019 (ECMA-262, 10th edition).
func build(t *testing.T) map[string][]byte {
	t.Helper()
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{"static/call.js", "static/join.js", "static/watch.js"},
		Inject:            []string{"static/compat.js"},
		Outdir:            "static",
		OutExtension:      map[string]string{".js": ".es2019.js"},
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2019,
		Supported:         map[string]bool{"import-meta": true, "dynamic-import": true},
		External:          []string{"./vendor/*"},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
	})
	for _, m := range append(result.Errors, result.Warnings...) {
		t.Errorf("esbuild: %s", m.Text)
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	if len(files) != 3 {
		t.Fatalf("esbuild made %d files", len(files))
	}
	return files
}

// TestBuildOld checks that the build needs no newer browser: no syntax after 2019, and nothing
// that the build does not bring.
func TestBuildOld(t *testing.T) {
	newer := regexp.MustCompile(`\w\?\?\w|\w\?\.[a-zA-Z(\[]|this\.#`)
	for name, built := range build(t) {
		// A text may have any of these.
		code := regexp.MustCompile("\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`|/[^/\n ]+/[gimu]*").ReplaceAll(built, nil)
		if found := newer.Find(code); found != nil {
			t.Errorf("%s has %s", name, found)
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
	for _, m := range regexp.MustCompile(`(?:href|src)="\.\./static/([\w./-]+)`).FindAllStringSubmatch(text, -1) {
		b, err := os.ReadFile(filepath.Join("static", m[1]))
		if err != nil {
			t.Fatal(err)
		}
		all[m[1]] = b
	}
	all["call.es2019.js"] = build(t)["call.es2019.js"]
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
	if len(all) > 12 {
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
