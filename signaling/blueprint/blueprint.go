// Package blueprint keeps the layouts that programs give a server while it runs.
//
//	PUT /api/v1/layouts/{name} ──▶ Shelf.Put: checked, written ──▶ Shelf.Find ──▶ rooms
//	file of --layouts ──▶ New: its names are taken
package blueprint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
)

// most (100) is how many layouts a Shelf keeps.
const most = 100

var (
	// ErrTaken is returned for the name of a layout in the operator's file, which programs do not change.
	ErrTaken = errors.New("the layout is in the operator's file (--layouts), so only the operator changes it")
	// ErrFull is returned when there are too many.
	ErrFull = fmt.Errorf("the server keeps %d layouts at most: remove one", most)
	// ErrNone is returned where there is no layout of a name.
	ErrNone = errors.New("there is no layout of that name")
)

// Shelf keeps layouts by their names. It is safe for concurrent use. Methods that change it write
// files, which takes some milliseconds; Find does not wait for that.
type Shelf struct {
	dir string // "": nothing outlives the process

	writing sync.Mutex      // held while one is changed
	fixed   []layout.Layout // guarded by writing
	mu      sync.RWMutex    // guards what follows
	kept    []kept          // in the order of their names
}

// kept is one layout.
type kept struct {
	template template.Template
	layout   layout.Layout
}

// New returns the Shelf of a folder, which need not be there yet; of "" nothing outlives the process. The
// names of the operator's layouts are taken. A file that is no layout is an error.
func New(fixed []layout.Layout, dir string) (*Shelf, error) {
	s := &Shelf{fixed: fixed, dir: dir}
	if dir == "" {
		return s, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("layouts: %w", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("layouts: %w", err)
		}
		all, err := template.Parse(data)
		if err == nil && (len(all) != 1 || all[0].Name+".json" != filepath.Base(file)) {
			err = errors.New("it is not the one layout of the file's name")
		}
		if err != nil {
			return nil, fmt.Errorf("layouts: %s: %w", file, err)
		}
		s.insert(all[0])
	}
	return s, nil
}

// Fix sets other layouts of the operator's. One of the Shelf that has a name of theirs is hidden behind it,
// and stays.
func (s *Shelf) Fix(fixed []layout.Layout) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.fixed = fixed
}

// at returns where a layout of a name is, or is to be.
func (s *Shelf) at(name string) (int, bool) {
	return slices.BinarySearchFunc(s.kept, name, func(k kept, name string) int { return strings.Compare(k.template.Name, name) })
}

func (s *Shelf) insert(t template.Template) {
	k := kept{t, t.Layout()}
	if at, found := s.at(t.Name); found {
		s.kept[at] = k
	} else {
		s.kept = slices.Insert(s.kept, at, k)
	}
}

// taken tells whether a name is one of the operator's.
func (s *Shelf) taken(name string) bool {
	return slices.ContainsFunc(s.fixed, func(l layout.Layout) bool { return l.Name == name })
}

// Find returns the layout of a name, and false where there is none. It takes no time.
func (s *Shelf) Find(name string) (layout.Layout, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, found := s.at(name)
	if !found {
		return layout.Layout{}, false
	}
	return s.kept[at].layout, true
}

// Get returns a layout as it was put, or ErrNone.
func (s *Shelf) Get(name string) (template.Template, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, found := s.at(name)
	if !found {
		return template.Template{}, ErrNone
	}
	return s.kept[at].template, nil
}

// Names returns the names of all, sorted.
func (s *Shelf) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := []string{}
	for _, k := range s.kept {
		names = append(names, k.template.Name)
	}
	return names
}

// All returns the names of the operator's layouts, in their order, and of those that were put.
func (s *Shelf) All() []string {
	s.writing.Lock()
	defer s.writing.Unlock()
	names := []string{}
	for _, l := range s.fixed {
		names = append(names, l.Name)
	}
	for _, name := range s.Names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Put keeps a layout that template.Parse has taken, in the place of one of its name. It returns ErrTaken
// or ErrFull, or why the layout cannot be written.
func (s *Shelf) Put(t template.Template) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.taken(t.Name) {
		return ErrTaken
	}
	if _, found := s.at(t.Name); !found && len(s.kept) >= most {
		return ErrFull
	}
	if err := s.write(t); err != nil {
		return fmt.Errorf("layout: %w", err)
	}
	s.mu.Lock()
	s.insert(t)
	s.mu.Unlock()
	return nil
}

// write puts a file into the folder, whole or not at all.
func (s *Shelf) write(t template.Template) error {
	if s.dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(s.dir, t.Name+".json")
	err = os.WriteFile(file+".new", data, 0o600)
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		_ = os.Remove(file + ".new")
	}
	return err
}

// Delete takes a layout away. Rooms that have it show the grid from then on. It returns ErrTaken or
// ErrNone.
func (s *Shelf) Delete(name string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	at, found := s.at(name)
	switch {
	case s.taken(name):
		return ErrTaken
	case !found:
		return ErrNone
	}
	if s.dir != "" {
		if err := os.Remove(filepath.Join(s.dir, name+".json")); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("layout: %w", err)
		}
	}
	s.mu.Lock()
	s.kept = slices.Delete(s.kept, at, at+1)
	s.mu.Unlock()
	return nil
}
