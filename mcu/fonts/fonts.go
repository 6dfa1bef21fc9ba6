// Package fonts has the system's fonts for texts in the picture.
//
//	name ──▶ Library.Prepare: which runes lack a font? ──▶ read that font ──▶ Library.All ──▶ mixer/text
//
// Files are read where a text comes in, never by a clock. A server whose participants have Latin,
// Greek and Cyrillic names reads none.
package fonts

import (
	"bytes"
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/font/opentype/tables"

	"tilemix/mixer/text"
)

const (
	// maxFiles is how many files of a system are looked at, maxFile the bytes of the largest.
	maxFiles, maxFile = 2000, 64 << 20
	// maxMemory is how many bytes of files are kept in memory. What does not fit is a box.
	maxMemory = 96 << 20
)

// Library has fonts by what they can write. It is safe for concurrent use. A nil Library has no
// font.
type Library struct {
	dirs   []string
	loaded atomic.Pointer[[]*font.Font]

	mu     sync.Mutex // guards what follows; no clock takes it
	looked bool
	own    *font.Face
	files  []*file
	memory int
}

// file is a font file.
type file struct {
	path string
	rank int
	size int
	has  font.Cmap
	font *font.Font // nil: it is not in memory
	bad  bool
}

// New returns a library of the fonts in folders and the folders in them. It reads nothing.
func New(dirs ...string) *Library { return &Library{dirs: dirs} }

// System returns the folders in which a system has fonts.
func System() []string {
	dirs := []string{"/usr/share/fonts", "/usr/local/share/fonts"}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".local/share/fonts"), filepath.Join(home, ".fonts"))
	}
	return dirs
}

// All returns the fonts that are in memory, best first, those of pictures last. The slice never
// changes. It neither waits nor reads.
func (l *Library) All() []*font.Font {
	if l == nil {
		return nil
	}
	if all := l.loaded.Load(); all != nil {
		return *all
	}
	return nil
}

// Prepare reads the fonts that a text needs, if they are not in memory yet. It blocks while files
// are read.
func (l *Library) Prepare(s string) {
	if l == nil {
		return
	}
	foreign := []rune(nil)
	for _, r := range text.Readable(s) {
		// All of Latin-1 and Latin Extended-A is in the binary, and no font needs to have joiners.
		if r >= 0x180 && !unicode.Is(unicode.Join_Control, r) {
			foreign = append(foreign, r)
		}
	}
	if len(foreign) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if foreign = slices.DeleteFunc(foreign, l.bundled); len(foreign) == 0 {
		return
	}
	l.look()
	more := false
	for _, r := range foreign {
		more = l.need(r) || more
	}
	if more {
		l.publish()
	}
}

// bundled tells whether the font in the binary has a rune.
func (l *Library) bundled(r rune) bool {
	if l.own == nil {
		var err error
		if l.own, err = text.Bundled(); err != nil {
			return false
		}
	}
	_, ok := l.own.NominalGlyph(r)
	return ok
}

// look finds the system's fonts, once.
func (l *Library) look() {
	if l.looked {
		return
	}
	l.looked = true
	for _, dir := range l.dirs {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // a folder that cannot be read has no fonts
			}
			if len(l.files) == maxFiles {
				return fs.SkipAll
			}
			if rank, ok := rankOf(d.Name()); ok {
				l.files = append(l.files, &file{path: path, rank: rank})
			}
			return nil
		})
	}
	slices.SortFunc(l.files, func(a, b *file) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(filepath.Base(a.path), filepath.Base(b.path)))
	})
	for _, f := range l.files {
		f.scan()
	}
}

// rankOf says which fonts are better, the lowest first. Those that are drawn for something
// other than names on tiles are left out.
func rankOf(name string) (rank int, ok bool) {
	base := strings.ToLower(name)
	ext := filepath.Ext(base)
	if !slices.Contains([]string{".ttf", ".otf", ".ttc"}, ext) {
		return 0, false
	}
	base = strings.TrimSuffix(base, ext)
	for _, other := range []string{"bold", "italic", "oblique", "light", "thin", "black", "condensed", "mono", "medium", "display", "math"} {
		if strings.Contains(base, other) {
			return 0, false
		}
	}
	switch {
	case strings.Contains(base, "emoji"):
		return 9, true
	case strings.Contains(base, "symbols"):
		return 4, true
	case strings.Contains(base, "cjk"):
		return 2, !strings.Contains(base, "serif")
	case strings.HasPrefix(base, "notosans"):
		return 1, true
	case strings.Contains(base, "sans"):
		return 3, true
	}
	return 5, true
}

// scan finds out which runes a font has.
func (f *file) scan() {
	f.bad = true
	info, err := os.Stat(f.path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile { // a pipe would never open
		return
	}
	r, err := os.Open(f.path)
	if err != nil {
		return
	}
	defer r.Close()
	loaders, err := opentype.NewLoaders(r)
	if err != nil || len(loaders) == 0 {
		return
	}
	raw, err := loaders[0].RawTable(opentype.MustNewTag("cmap"))
	if err != nil {
		return
	}
	table, _, err := tables.ParseCmap(raw)
	if err != nil {
		return
	}
	if f.has, _, err = font.ProcessCmap(table, tables.FPNone); err == nil && f.has != nil {
		f.size, f.bad = int(info.Size()), false
	}
}

// need reads the best font that has r. It tells whether there is one more in memory. Of a
// character that is a picture, the picture is best.
func (l *Library) need(r rune) (more bool) {
	files := slices.Values(l.files)
	if text.Emoji(r) {
		files = func(yield func(*file) bool) {
			for _, f := range slices.Backward(l.files) {
				if !yield(f) {
					return
				}
			}
		}
	}
	for f := range files {
		if f.bad {
			continue
		}
		if _, ok := f.has.Lookup(r); !ok {
			continue
		}
		if f.font != nil {
			return false
		}
		if l.memory+f.size > maxMemory {
			continue
		}
		if f.read(); f.font != nil {
			l.memory += f.size
			return true
		}
	}
	return false
}

// read reads a font. Of several in one file it is the first.
func (f *file) read() {
	f.bad = true
	content, err := os.ReadFile(f.path)
	if err != nil {
		return
	}
	loaders, err := opentype.NewLoaders(bytes.NewReader(content))
	if err != nil || len(loaders) == 0 {
		return
	}
	if f.font, err = font.NewFont(loaders[0]); err != nil {
		f.font = nil
		return
	}
	f.bad = false
}

// publish shows the clocks what is in memory.
func (l *Library) publish() {
	var all []*font.Font
	for _, f := range l.files {
		if f.font != nil {
			all = append(all, f.font)
		}
	}
	l.loaded.Store(&all)
}
