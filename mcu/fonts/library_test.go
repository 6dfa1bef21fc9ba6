package fonts_test

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/font/gofont/gomedium"

	"tilemix/mcu/fonts"
)

// tablesOf returns the tables of the font in the binary, by tag.
func tablesOf() map[string][]byte {
	all := map[string][]byte{}
	ttf := gomedium.TTF
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		entry := ttf[12+16*i:]
		at, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		all[string(entry[:4])] = ttf[at : at+length]
	}
	return all
}

// fontOf returns the font in the binary with glyphs for other runes: one, the same, for each.
func fontOf(tables map[string][]byte, runes string) []byte {
	cmap := binary.BigEndian.AppendUint32(nil, 1) // version 0, one table
	cmap = append(cmap, 0, 3, 0, 10, 0, 0, 0, 12) // Windows, all of Unicode
	has := slices.Sorted(slices.Values([]rune(runes)))
	cmap = append(cmap, 0, 12, 0, 0) // format 12: groups of runes
	for _, v := range []int{16 + 12*len(has), 0, len(has)} {
		cmap = binary.BigEndian.AppendUint32(cmap, uint32(v))
	}
	for _, r := range has {
		for _, v := range []rune{r, r, 36} {
			cmap = binary.BigEndian.AppendUint32(cmap, uint32(v))
		}
	}
	tables = maps.Clone(tables)
	tables["cmap"] = cmap
	file := []byte{0, 1, 0, 0, 0, byte(len(tables)), 0, 0, 0, 0, 0, 0}
	var body []byte
	for _, tag := range slices.Sorted(maps.Keys(tables)) {
		file = append(append(file, tag...), 0, 0, 0, 0)
		file = binary.BigEndian.AppendUint32(file, uint32(12+16*len(tables)+len(body)))
		file = binary.BigEndian.AppendUint32(file, uint32(len(tables[tag])))
		body = append(body, tables[tag]...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(file, body...)
}

// write puts fonts into a folder, each with its runes.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, runes := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fontOf(tablesOf(), runes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// has tells, of each of some runes, whether a font of a library has it.
func has(l *fonts.Library, runes string) string {
	var out strings.Builder
	for _, r := range runes {
		for _, f := range l.All() {
			if _, ok := f.NominalGlyph(r); ok {
				out.WriteRune(r)
				break
			}
		}
	}
	return out.String()
}

// TestBest takes the font that is best for names: not a bold one, one of sans before others, and
// pictures from the font that has pictures.
func TestBest(t *testing.T) {
	for _, x := range []struct {
		name, prepare string
		files         map[string]string // runes of each
		want          string            // all that the fonts in memory have
	}{
		{"one", "王", map[string]string{"Any.ttf": "王小"}, "王小"},
		{"an upper-case name", "王", map[string]string{"ANY.TTF": "王小"}, "王小"},
		{"a version in the name", "王", map[string]string{"SourceHan-2.004.otf": "王小"}, "王小"},
		{"a folder in a folder", "王", map[string]string{"a/b/c/Any.ttf": "王小"}, "王小"},
		{"not bold", "王", map[string]string{"A-Bold.ttf": "王b", "B-Regular.ttf": "王r"}, "王r"},
		{"only bold", "王", map[string]string{"A-Bold.ttf": "王b", "A-BoldItalic.ttf": "王b", "Mono.ttf": "王b"}, ""},
		{"Noto before others", "王", map[string]string{"ASans.ttf": "王s", "NotoSansX.ttf": "王n", "A.ttf": "王a"}, "王n"},
		{"sans before others", "王", map[string]string{"ZSans.ttf": "王s", "A.ttf": "王a"}, "王s"},
		{"no serifs in Chinese", "王", map[string]string{"NotoSerifCJK.ttf": "王n"}, ""},
		{"the first of equals", "王", map[string]string{"b/A.ttf": "王a", "a/B.ttf": "王b"}, "王a"},
		{"one for each rune", "王א", map[string]string{"A.ttf": "王", "B.ttf": "א", "C.ttf": "ก"}, "א王"},
		{"one for all", "王א", map[string]string{"A.ttf": "王א", "B.ttf": "אb"}, "א王"},
		{"pictures last, but first for pictures", "☺\ufe0f🎉", map[string]string{"A.ttf": "🎉a", "NotoColorEmoji.ttf": "🎉e\ufe0f"}, "e\ufe0f🎉"},
		{"other files", "王", map[string]string{"A.ttf.gz": "王a", "A.pfb": "王a", "ttf": "王a", "Attf": "王a"}, ""},
		{"letters that Vietnamese has", "Phương", map[string]string{"A.ttf": "ươ"}, "ươ"},
		{"Azerbaijani", "Əliyev", map[string]string{"A.ttf": "Əə"}, "Əə"},
		{"joiners need none", "न\u200dन \u200c", map[string]string{"A.ttf": "\u200c\u200dx", "B.ttf": "न"}, "न"},
		{"directions need none", "\u202e\u2066א", map[string]string{"A.ttf": "\u202e\u2066x", "B.ttf": "א"}, "א"},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, x.files)
			l := fonts.New(dir)
			l.Prepare(x.prepare)
			all := ""
			for _, runes := range x.files {
				all += runes
			}
			unique := slices.Compact(slices.Sorted(slices.Values([]rune(all))))
			if got := has(l, string(unique)); got != string(slices.Sorted(slices.Values([]rune(x.want)))) {
				t.Errorf("the fonts in memory have %q, want %q", got, x.want)
			}
		})
	}
}

// TestUnread: names that the font in the binary has do not even look for fonts. A font that comes
// later is still found by the first name that needs one, and none after that.
func TestUnread(t *testing.T) {
	dir := t.TempDir()
	l := fonts.New(dir)
	for _, name := range []string{"", "Ann", "Łukasz – “Ω” …", "Σωκράτης", "Дмитрий Іванович", "Țăndărică", "\u200d\u202e\u0000"} {
		l.Prepare(name)
	}
	write(t, dir, map[string]string{"A.ttf": "王"})
	l.Prepare("王")
	if has(l, "王") == "" {
		t.Error("a name that needs no font has looked for fonts")
	}
	write(t, dir, map[string]string{"B.ttf": "א"})
	l.Prepare("א")
	if n := len(l.All()); n != 1 {
		t.Errorf("%d fonts: the folder is looked at again", n)
	}
}

// TestBroken: a font that cannot be read leaves its runes to the next one.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	whole := fontOf(tablesOf(), "王小")
	for name, content := range map[string][]byte{
		"NotoSansA.ttf": fontOf(map[string][]byte{}, "王小"), // has runes and nothing else
		"NotoSansB.ttf": whole[:len(whole)/2],
		"NotoSansC.ttf": {},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "NotoSansD.ttf")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "NotoSansE.ttf"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"Other.ttf": "王o"})
	l := fonts.New(dir)
	for range 2 {
		l.Prepare("王小")
		if got := has(l, "王小o"); got != "王o" || len(l.All()) != 1 {
			t.Errorf("%d fonts have %q", len(l.All()), got)
		}
	}
}

// TestPipe: a pipe with the name of a font does not hold up names for good.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "NotoSans.ttf"), 0o600); err != nil {
		t.Skip(err)
	}
	write(t, dir, map[string]string{"B.ttf": "王"})
	l, done := fonts.New(dir), make(chan struct{})
	go func() { defer close(done); l.Prepare("王") }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Prepare waits for a pipe")
	}
	if has(l, "王") == "" {
		t.Error("the font beside the pipe is not read")
	}
}

// TestCut reads the first bytes of a font, at many lengths: none crashes.
func TestCut(t *testing.T) {
	whole := fontOf(tablesOf(), "王")
	for n := 0; n < len(whole); n += 1 + n/8 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "A.ttf"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		fonts.New(dir).Prepare("王")
	}
}

// TestMemory: a file that is too large is no font, and what does not fit into memory beside others is
// left out for a smaller one.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"NotoSansA.ttf": "王a", "NotoSansB.ttf": "王b", "NotoSansC.ttf": "אc", "NotoSansD.ttf": "אd"})
	for name, size := range map[string]int64{"NotoSansA.ttf": 64<<20 + 1, "NotoSansB.ttf": 50 << 20, "NotoSansC.ttf": 50 << 20} {
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	l := fonts.New(dir)
	l.Prepare("王א")
	if got := has(l, "abcd"); got != "bd" {
		t.Errorf("fonts %q are read, want b and d", got)
	}
}

// TestPublished: what All has returned never changes, though names come in at once from all sides.
func TestPublished(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"A.ttf": "王", "B.ttf": "א", "C.ttf": "ก"})
	l := fonts.New(dir)
	l.Prepare("ก")
	first := l.All()
	kept := slices.Clone(first)
	var wg sync.WaitGroup
	for _, name := range []string{"王", "א", "王א", "ก", "Ann"} {
		wg.Go(func() {
			l.Prepare(name)
			if !slices.Contains(l.All(), kept[0]) {
				t.Error("a font has gone")
			}
		})
	}
	wg.Wait()
	if !slices.Equal(first, kept) || len(l.All()) != 3 {
		t.Errorf("%d fonts, then %d", len(first), len(l.All()))
	}
	if n := testing.AllocsPerRun(100, func() { l.All() }); n > 0 {
		t.Errorf("All allocates %v times", n)
	}
}
