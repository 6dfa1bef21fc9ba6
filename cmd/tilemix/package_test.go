package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/codec/codectest"
)

// TestPackage installs the Debian package of this program in a copy of the machine's files: it serves a call over
// HTTPS, is upgraded with its settings kept, and is removed.
func TestPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("packs the whole program twice")
	}
	t.Parallel()
	codectest.Program(t, "dpkg-deb")
	for _, tool := range []string{"ip", "setpriv", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "unshare", "-mn", "sh", "-ec",
		`mount -t tmpfs tmpfs "$1"; mkdir "$1/u" "$1/w" "$1/r"; mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/r"`,
		"sh", dir).CombinedOutput(); err != nil {
		t.Skipf("no mounts of an overlay here: %v, %s", err, out)
	}
	program, err := exec.LookPath("tilemix")
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, version := range []string{"1.0.0", "1.0.1"} {
		file := filepath.Join(t.TempDir(), version+".deb")
		pack := exec.CommandContext(t.Context(), "sh", "deploy/deb.sh", program, "amd64", version, file)
		pack.Env = append(os.Environ(), "DPKG_DEB_COMPRESSOR_TYPE=none")
		if out, err := pack.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		packages = append(packages, file)
	}
	script := exec.CommandContext(t.Context(), "unshare", append([]string{"-mn", "sh", "testdata/package.sh", dir}, packages...)...)
	if out, err := script.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "all is well\n") {
		t.Errorf("%v: %s", err, out)
	}
}
