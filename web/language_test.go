package web_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tilemix/web"
)

// languageFiles returns each language's texts by their English ones.
func languageFiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	static, err := web.Static()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(static, "lang/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no languages: ", err)
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		b, err := fs.ReadFile(static, name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "lang/"), ".json")] = texts
	}
	return all
}

// TestLanguages checks that no language misses a text or a place in one, and that the page
// offers each.
func TestLanguages(t *testing.T) {
	all := languageFiles(t)
	union := map[string]bool{}
	for _, texts := range all {
		for key := range texts {
			union[key] = true
		}
	}
	list := regexp.MustCompile(`(?s)const languages = .*?\(\{(.*?)\}\)`).FindStringSubmatch(sources(t)["/static/language.js"])
	if list == nil {
		t.Fatal("language.js has no list")
	}
	offered := []string{}
	for _, m := range regexp.MustCompile(`(\w+): '`).FindAllStringSubmatch(list[1], -1) {
		if m[1] != "en" {
			offered = append(offered, m[1])
		}
	}
	slices.Sort(offered)
	if there := slices.Sorted(maps.Keys(all)); !slices.Equal(offered, there) {
		t.Errorf("language.js offers %v, and there are files of %v", offered, there)
	}
	for name, texts := range all {
		for key := range union {
			text, ok := texts[key]
			if !ok || strings.TrimSpace(text) == "" {
				t.Errorf("%s misses %q", name, key)
			} else if err := places(key, text); err != "" {
				t.Errorf("%s: %q: %s", name, key, err)
			}
		}
	}
}

// TestLanguageMissing checks the check: a translator's mistakes are found.
func TestLanguageMissing(t *testing.T) {
	for text, wants := range map[string]string{
		"{n} da, {m} schauen": "",
		"{m} schauen, {n} da": "",
		"{n} da":              "it has the places [{n}] and not [{m} {n}]",
		"{n}, {m}, {o}":       "it has the places [{m} {n} {o}] and not [{m} {n}]",
		"{n} da, {m":          "it has the places [{n}] and not [{m} {n}]",
	} {
		if got := places("{n} in the call, {m} watching", text); got != wants {
			t.Errorf("%q: %q, want %q", text, got, wants)
		}
	}
}

var place = regexp.MustCompile(`\{\w+\}`)

// places says what is wrong with the places of a translation, "" for nothing.
func places(key, text string) string {
	wants, got := place.FindAllString(key, -1), place.FindAllString(text, -1)
	slices.Sort(wants)
	slices.Sort(got)
	if slices.Equal(wants, got) {
		return ""
	}
	return "it has the places [" + strings.Join(got, " ") + "] and not [" + strings.Join(wants, " ") + "]"
}

// TestPagesTranslated checks that all text of the pages themselves can be translated.
func TestPagesTranslated(t *testing.T) {
	all := languageFiles(t)
	words := regexp.MustCompile(`>([^<>{}]*[A-Za-z]{2}[^<>{}]*)<|(?:aria-label|data-hint|data-empty|placeholder|title)="([^"]+)"`)
	same := []string{"tilemix", "Esc", "PIN", ""} // in every language
	source := sources(t)
	found := 0
	for _, name := range append(slices.Clone(pages), "static/lobby.js") {
		text := source["/"+name]
		if strings.HasSuffix(name, ".js") { // its markup
			text, _, _ = strings.Cut(strings.SplitAfter(text, "const markup = `")[1], "`;")
		}
		for _, m := range words.FindAllStringSubmatch(text, -1) {
			key := strings.TrimSpace(m[1] + m[2])
			if slices.Contains(same, key) || strings.Contains(key, "${") {
				continue
			}
			found++
			if all["de"][key] == "" {
				t.Errorf("%s: no language has %q", name, key)
			}
		}
	}
	for _, name := range []string{"refusals.js", "said.js", "faults.js"} { // their tables
		for _, m := range regexp.MustCompile(`['"]([A-Z][^'"\n]*(?: [^"\n]*?)?[^'"\n])['"][,\]]`).FindAllStringSubmatch(source["/static/"+name], -1) {
			if found++; all["de"][m[1]] == "" && !slices.Contains(same, m[1]) {
				t.Errorf("%s: no language has %q", name, m[1])
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d texts found: the pattern sees too little", found)
	}
}
