package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func pages(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAllGuidesListed holds the menu to the files.
func TestAllGuidesListed(t *testing.T) {
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".md"); !slices.Contains(order, name) {
			t.Errorf("%s is in no menu", entry.Name())
		}
	}
	if n := len(pages(t)); n != len(entries) {
		t.Errorf("%d pages of %d guides", n, len(entries))
	}
}

// TestLinksLead follows every link of the pages to a page and a heading that are there.
func TestLinksLead(t *testing.T) {
	all := pages(t)
	found := 0
	for name, page := range all {
		for _, m := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(string(page), -1) {
			file, fragment, _ := strings.Cut(m[1], "#")
			if strings.HasSuffix(file, ".md") {
				t.Errorf("%s links to %s, which only a forge has", name, m[1])
			}
			target := name
			switch {
			case file == "./":
				target = Index
			case strings.HasPrefix(file, "../") || strings.Contains(file, ":"):
				continue
			case file != "":
				target = file
			}
			if all[target] == nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if fragment != "" && !strings.Contains(string(all[target]), `id="`+fragment+`"`) {
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
			found++
		}
	}
	if found < 150 {
		t.Errorf("only %d links found: the pattern sees too little", found)
	}
}

// TestSelfContained holds the pages to the policy default-src 'self'.
func TestSelfContained(t *testing.T) {
	for name, page := range pages(t) {
		if m := regexp.MustCompile(`<style|<script| style="| on[a-z]+="|src="https?:`).Find(page); m != nil {
			t.Errorf("%s has what the policy blocks: %s", name, m)
		}
	}
}

func TestConvertKeepsScriptsOut(t *testing.T) {
	for _, source := range []string{
		"# T\n\n<script>alert(1)</script>\n",
		"# T\n\nA <img src=x onerror=alert(1)> b\n",
		"# T\n\n[a](javascript:alert(1))\n",
		"# T\n\n<div onclick=\"alert(1)\">x</div>\n",
	} {
		g, err := convert([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(g.body), "alert(1)<") || strings.Contains(string(g.body), "<script") ||
			strings.Contains(string(g.body), "onerror") || strings.Contains(string(g.body), "javascript:") || strings.Contains(string(g.body), "onclick") {
			t.Errorf("%q becomes %q", source, g.body)
		}
	}
}

// TestTablesAreForAll holds tables to what a keyboard and a screen reader need: the focus, to scroll them, and
// a name for each column.
func TestTablesAreForAll(t *testing.T) {
	for name, page := range pages(t) {
		if strings.Contains(string(page), "<table>") {
			t.Errorf("%s has a table that the keyboard cannot scroll", name)
		}
		if strings.Contains(string(page), "<th></th>") {
			t.Errorf("%s has a table with a column without a name", name)
		}
	}
}

func TestConvertWantsTitle(t *testing.T) {
	for _, source := range []string{"", "text\n", "## small\n"} {
		if _, err := convert([]byte(source)); err == nil {
			t.Errorf("%q has no title and no error", source)
		}
	}
}

func TestPagePath(t *testing.T) {
	for from, want := range map[string]string{
		"network.md":            "network",
		"network.md#turn":       "network#turn",
		"index.md":              "./",
		"#here":                 "#here",
		"http://localhost:8080": "http://localhost:8080",
		"https://a/b.md":        "https://a/b.md",
	} {
		if got := pagePath(from); got != want {
			t.Errorf("pagePath(%q) is %q, want %q", from, got, want)
		}
	}
}

func TestPagesNameTheirPlace(t *testing.T) {
	for name, page := range pages(t) {
		if n := strings.Count(string(page), `aria-current="page"`); n != 1 {
			t.Errorf("%s is marked %d times in its menu", name, n)
		}
	}
}
