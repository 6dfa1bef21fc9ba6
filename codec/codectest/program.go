package codectest

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program that make test-packages installs. A machine without it skips the test,
// as Lack does.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lack(tb, name+" is not installed: make test-packages installs it")
	}
	return path
}

// Lack skips a test that the machine has not all for. Where the environment has CI set the test fails, because
// a claim that is never tried is none.
func Lack(tb testing.TB, missing string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatal(missing)
	}
	tb.Skip(missing)
}
