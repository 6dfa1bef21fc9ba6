package blueprint_test

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"syscall"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
	"tilemix/signaling/blueprint"
)

func one(t *testing.T, name, at string) template.Template {
	t.Helper()
	all, err := template.Parse(fmt.Appendf(nil, `{"name":%q,"layouts":[{"slots":[{"at":%s,"fit":"contain","label":"below"}]}]}`, name, at))
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func open(t *testing.T, dir string) *blueprint.Shelf {
	t.Helper()
	s, err := blueprint.New([]layout.Layout{{Name: "panel", Place: layout.Grid}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKept keeps layouts over a start of the server, replaces them and takes them away.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layouts")
	s := open(t, dir)
	for _, l := range []template.Template{one(t, "b", "[0,0,1,1]"), one(t, "a.b-c_d", "[0,0,1,1]"), one(t, "b", "[0,0,0.5,1]")} {
		if err := s.Put(l); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*blueprint.Shelf{s, open(t, dir)} {
		if got := s.Names(); !slices.Equal(got, []string{"a.b-c_d", "b"}) {
			t.Errorf("there are %q", got)
		}
		if got := s.All(); !slices.Equal(got, []string{"panel", "a.b-c_d", "b"}) {
			t.Errorf("participants may choose %q", got)
		}
		l, ok := s.Find("b")
		if tiles := l.Place(layoutSize, []layout.Source{{}}); !ok || len(tiles) != 1 || tiles[0].Rect.Dx() != 640 || !tiles[0].Trim.Whole {
			t.Errorf("b is %+v", tiles)
		}
		if got, err := s.Get("b"); err != nil || got.Groups[0].Slots[0].Label != "below" {
			t.Errorf("b is %+v, %v", got, err)
		}
	}
	if err := s.Delete("b"); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Find("b"); ok || !errors.Is(s.Delete("b"), blueprint.ErrNone) || len(open(t, dir).Names()) != 1 {
		t.Error("it is still there")
	}
	if _, err := s.Get("b"); !errors.Is(err, blueprint.ErrNone) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the folder has %q", left)
	}
}

var layoutSize = image.Pt(1280, 720)

// TestRefused leaves the operator's layouts alone and keeps no more than it may.
func TestRefused(t *testing.T) {
	s := open(t, "")
	if err := s.Put(one(t, "panel", "[0,0,1,1]")); !errors.Is(err, blueprint.ErrTaken) || !errors.Is(s.Delete("panel"), blueprint.ErrTaken) {
		t.Errorf("the operator's is changed: %v", err)
	}
	for i := range 100 {
		if err := s.Put(one(t, fmt.Sprint("l", i), "[0,0,1,1]")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put(one(t, "more", "[0,0,1,1]")); !errors.Is(err, blueprint.ErrFull) {
		t.Errorf("one more: %v", err)
	}
	if err := s.Put(one(t, "l7", "[0,0,0.5,1]")); err != nil {
		t.Errorf("one in the place of another: %v", err)
	}
}

// TestBadFolder says which file is none, and that a layout cannot be written.
func TestBadFolder(t *testing.T) {
	for name, text := range map[string]string{"a.json": "x", "b.json": `{"name":"c","layouts":[{"slots":[{"at":[0,0,1,1]}]}]}`, "d.json": "[]"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := blueprint.New(nil, dir); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, file)
	if err := s.Put(one(t, "a", "[0,0,1,1]")); err == nil || len(s.Names()) != 0 {
		t.Error("a layout that cannot be written is there")
	}
}

// TestDiskFull has no space for a layout. The one before stays, here and on disk, and no half file is left.
func TestDiskFull(t *testing.T) {
	dir := codectest.SmallDisk(t, "64")
	s := open(t, dir)
	before := one(t, "a", "[0, 0, 1, 1]")
	if err := s.Put(before); err != nil {
		t.Fatal(err)
	}
	free := codectest.Fill(t, dir)
	if err := s.Put(one(t, "a", "[0, 0, 0.5, 1]")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	for what, s := range map[string]*blueprint.Shelf{"this": s, "the next": open(t, dir)} {
		if got, err := s.Get("a"); err != nil || !reflect.DeepEqual(got, before) {
			t.Errorf("%s server has %+v, %v", what, got, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	free()
	if err := s.Put(one(t, "a", "[0, 0, 0.5, 1]")); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

// TestMany has many change and read at once.
func TestMany(t *testing.T) {
	s, l := open(t, ""), one(t, "a", "[0,0,1,1]")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				_ = s.Put(l)
				if found, ok := s.Find("a"); ok {
					found.Place(layoutSize, nil)
				}
				_, _ = s.Names(), s.Delete("a")
			}
		})
	}
	all.Wait()
}
