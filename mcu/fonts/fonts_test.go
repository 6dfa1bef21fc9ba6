package fonts_test

import (
	"os"
	"path/filepath"
	"testing"

	"tilemix/mcu/fonts"
)

// TestPrepare reads the font that a name needs, once, and none for Latin, Greek and Cyrillic.
func TestPrepare(t *testing.T) {
	l := fonts.New(fonts.System()...)
	l.Prepare("Ann Łukasz Σωκράτης Дмитрий")
	if n := len(l.All()); n != 0 {
		t.Errorf("%d fonts are read for names that the font in the binary has", n)
	}
	for _, name := range []string{"محمد", "שלום", "क्षितिज", "ก็", "王小明", "🎉"} {
		l.Prepare(name)
		before := len(l.All())
		l.Prepare(name)
		if after := len(l.All()); after != before {
			t.Errorf("%s is prepared twice: %d fonts, then %d", name, before, after)
		}
		covered := false
		for _, f := range l.All() {
			_, ok := f.NominalGlyph([]rune(name)[0])
			covered = covered || ok
		}
		if !covered {
			t.Logf("no font of this machine has %s", name)
		}
	}
	if _, err := os.Stat("/usr/share/fonts/truetype/noto"); err == nil && len(l.All()) < 4 {
		t.Errorf("%d fonts are read, want one for each script", len(l.All()))
	}
}

// TestBadFonts looks at files that are no fonts.
func TestBadFonts(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty.ttf": "", "text.ttf": "this is no font", "short.otf": "OTTO\x00\x10\x00\x00", "list.ttc": "ttcf\x00\x01\x00\x00\xff\xff\xff\xff",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := fonts.New(dir, filepath.Join(dir, "none"))
	l.Prepare("王小明")
	if n := len(l.All()); n != 0 {
		t.Errorf("%d fonts are read", n)
	}
	var none *fonts.Library
	none.Prepare("王小明")
	if none.All() != nil {
		t.Error("no library has fonts")
	}
}
