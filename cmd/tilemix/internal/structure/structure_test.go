package structure

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// sample has one fault of each kind.
var sample = fstest.MapFS{
	"a/one.go":       {Data: []byte("package a\n\nimport _ \"mod/a/high\"\n\n// T is one.\ntype T struct{}\n\nfunc (T) One() {}\n\ntype E[K any] struct{}\n\nfunc (e *E[K]) Long() {\n\n\n}\n")},
	"a/two.go":       {Data: []byte("package a\n\n// Two is one.\nfunc (*T) Two() {}\n\nconst (\n\tC = 1 // one\n\tD = 2\n)\n")},
	"a/high/high.go": {Data: []byte("package high\n\nimport _ \"mod/a\"\n\n// T is another.\ntype T struct{}\n\nfunc inner() {}\n")},
	"a/one_test.go":  {Data: []byte("package a\n\n")},
}

func keys(found []Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, f.Key)
	}
	return strings.Join(all, " ")
}

func TestMeasures(t *testing.T) {
	tree, err := Read(sample, "a")
	if err != nil {
		t.Fatal(err)
	}
	rank := func(dir string) (int, bool) {
		i := slices.Index([]string{"a", "a/high"}, dir)
		return i, i >= 0
	}
	for _, tt := range []struct{ name, got, want string }{
		{"spread", keys(tree.Spread(1)), "a.T"},
		{"files", keys(tree.Files("a", 1)), "a"},
		{"long files", keys(tree.LongFiles(12)), "a/one.go"},
		{"long functions", keys(tree.LongFuncs(3)), "a/one.go:E.Long"},
		{"exports", keys(tree.Exports(3)), "a"},
		{"undocumented", keys(tree.Undocumented()), "a/one.go:E a/one.go:E.Long a/one.go:T.One a/two.go:D"},
		{"same types", keys(tree.SameTypes("a")), "T"},
		{"same types apart", keys(tree.SameTypes("a", "a/high")), ""},
		{"climbs", keys(tree.Climbs("mod", "a", rank)), "a→a/high"},
		{"unknown", keys(tree.Climbs("mod", "a", func(string) (int, bool) { return 0, false })), "a/high→? a→?"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	tests, code := tree.Ratio(func(dir string) bool { return dir == "a/high" })
	if tests != 2 || code != 24 {
		t.Errorf("%d lines of tests and %d of code, want 2 and 24", tests, code)
	}
}

func TestReadFails(t *testing.T) {
	if _, err := Read(fstest.MapFS{"a/x.go": {Data: []byte("no Go")}}, "a"); err == nil {
		t.Error("a file that is no Go is no error")
	}
	if _, err := Read(sample, "b"); err == nil {
		t.Error("a folder that is missing is no error")
	}
}
