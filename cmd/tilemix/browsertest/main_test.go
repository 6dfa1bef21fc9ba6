package browsertest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "take the README's picture anew")

// shoot has TestFits keep pictures of all pages, to be looked at.
var shoot = flag.Bool("shoot", false, "keep pictures of all pages in all windows, with -artifacts")

// scratch is a folder for files of browsers that outlive a test.
var scratch string

// TestMain builds the program and makes it the tilemix that the tests find.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "tilemix")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := runWith(m, dir)
	os.RemoveAll(dir)
	os.Exit(code)
}

func runWith(m *testing.M, dir string) int {
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "tilemix"), "tilemix/cmd/tilemix")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	defer endBrowsers()
	if flag.Lookup("test.run").Value.String() == "" { // all tests, so those that need it too
		go func() { _, _ = packages() }()
		go func() { _, _ = oldest() }()
	}
	return m.Run()
}
