package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tilemix/codec/codectest"
)

// maxExposure is the most that systemd-analyze security may find, of ten.
const maxExposure = 2.5

// run returns what a program prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	codectest.Program(t, name)
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// TestUnit: systemd takes the unit, and finds it closed.
func TestUnit(t *testing.T) {
	unit, err := os.ReadFile("tilemix.service")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	here := strings.ReplaceAll(string(unit), "/usr/bin/tilemix", "/bin/true") // verify wants a program that is there
	path := filepath.Join(dir, "tilemix.service")
	if err := os.WriteFile(path, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "systemd-analyze", "verify", "--man=no", path); strings.Contains(out, "tilemix.service:") {
		t.Errorf("systemd says: %s", out)
	}
	out := run(t, "systemd-analyze", "security", "--offline=yes", "--no-pager", path)
	found := regexp.MustCompile(`Overall exposure level for \S+: ([\d.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("systemd says: %s", out)
	}
	if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > maxExposure {
		t.Errorf("the exposure is %s, more than %v:\n%s", found[1], maxExposure, out)
	}
}

// TestDeb makes a package for each architecture and looks into it.
func TestDeb(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), "tilemix.deb")
		run(t, "dpkg-deb", "--version")
		run(t, "sh", "deb.sh", "/bin/true", arch, "1.2.3", file)
		about := run(t, "dpkg-deb", "--field", file)
		for _, want := range []string{"Architecture: " + arch, "Version: 1.2.3", "libopenh264-7", "libc6"} {
			if !strings.Contains(about, want) {
				t.Errorf("%s: the package has no %q:\n%s", arch, want, about)
			}
		}
		files := run(t, "dpkg-deb", "--contents", file)
		for _, want := range []string{
			`-rwxr-xr-x root/root .* ./usr/bin/tilemix\n`, `-rw-r----- root/root .* ./etc/tilemix/tilemix.yaml\n`,
			`-rw-r--r-- root/root .* ./lib/systemd/system/tilemix.service\n`,
		} {
			if !regexp.MustCompile(want).MatchString(files) {
				t.Errorf("%s: the package has no file %q:\n%s", arch, want, files)
			}
		}
		if scripts := run(t, "dpkg-deb", "--ctrl-tarfile", file); !strings.Contains(scripts, "conffiles") || !strings.Contains(scripts, "postinst") {
			t.Errorf("%s: the package asks nothing of dpkg", arch)
		}
	}
}
