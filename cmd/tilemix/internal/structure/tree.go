package structure

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Tree is the Go code below some folders. It does not change after Read.
type Tree struct {
	sources []source
	tests   map[string]int // lines of the test files of a folder
}

// source is a file that is no test.
type source struct {
	name, dir string
	lines     int
	fset      *token.FileSet
	syntax    *ast.File
}

// Finding is one thing that was measured.
type Finding struct {
	Key string // names the thing, without spaces
	N   int    // the size that was found
}

// Read parses the Go files below the folders of root. It fails with the error of the first
// file that cannot be read or parsed.
func Read(root fs.FS, folders ...string) (*Tree, error) {
	t := &Tree{tests: map[string]int{}}
	for _, folder := range folders {
		err := fs.WalkDir(root, folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".go" {
				return err
			}
			return read(t, root, name)
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

func read(t *Tree, root fs.FS, name string) error {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	lines := bytes.Count(data, []byte("\n"))
	dir := path.Dir(name)
	if strings.HasSuffix(name, "_test.go") {
		t.tests[dir] += lines
		return nil
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.sources = append(t.sources, source{name, dir, lines, fset, syntax})
	return nil
}

// over returns what is more than most, in the order of the keys.
func over(sizes map[string]int, most int) (found []Finding) {
	for _, key := range slices.Sorted(maps.Keys(sizes)) {
		if sizes[key] > most {
			found = append(found, Finding{key, sizes[key]})
		}
	}
	return found
}
