package structure

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Exports returns the packages of more than most exported names: types, functions,
// constants and variables. Methods and fields belong to their types.
func (t *Tree) Exports(most int) []Finding {
	names := map[string]map[string]bool{}
	t.declarations(func(s *source, d declared) {
		if !ast.IsExported(d.name) || d.method || s.syntax.Name.Name == "main" {
			return
		}
		if names[s.dir] == nil {
			names[s.dir] = map[string]bool{}
		}
		names[s.dir][d.name] = true
	})
	sizes := map[string]int{}
	for dir, all := range names {
		sizes[dir] = len(all)
	}
	return over(sizes, most)
}

// Undocumented returns the exported names and methods without a comment, as FILE:NAME.
func (t *Tree) Undocumented() []Finding {
	bare := map[string]int{}
	t.declarations(func(s *source, d declared) {
		if ast.IsExported(strings.TrimSuffix(d.of, ".")) && ast.IsExported(d.name) && !d.documented {
			bare[s.name+":"+strings.TrimPrefix(d.of, exported)+d.name] = 1
		}
	})
	return over(bare, 0)
}

// SameTypes returns the exported names of types that more than one package below folder
// declares. Interfaces do not count, because each package declares those that it needs, and
// neither do the packages in apart.
func (t *Tree) SameTypes(folder string, apart ...string) []Finding {
	places := map[string]map[string]bool{}
	t.declarations(func(s *source, d declared) {
		if d.kind != token.TYPE || d.abstract || !ast.IsExported(d.name) || !within(s.dir, folder) || slices.Contains(apart, s.dir) {
			return
		}
		if places[d.name] == nil {
			places[d.name] = map[string]bool{}
		}
		places[d.name][s.dir] = true
	})
	sizes := map[string]int{}
	for name, dirs := range places {
		sizes[name] = len(dirs)
	}
	return over(sizes, 1)
}

// Climbs returns the imports between packages below folder of the module that do not lead
// down, as IMPORTER→IMPORTED. rank gives the height of a package; ok is false for a package
// that has none, which is a finding by itself.
func (t *Tree) Climbs(module, folder string, rank func(dir string) (height int, ok bool)) []Finding {
	climbs := map[string]int{}
	for _, s := range t.sources {
		if !within(s.dir, folder) {
			continue
		}
		from, known := rank(s.dir)
		if !known {
			climbs[s.dir+"→?"] = 1
		}
		for _, spec := range s.syntax.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			dir, ours := strings.CutPrefix(name, module+"/")
			if !ours || !within(dir, folder) {
				continue
			}
			if to, ok := rank(dir); known && ok && to > from {
				climbs[s.dir+"→"+dir]++
			}
		}
	}
	return over(climbs, 0)
}

// declared is a name that a file declares outside functions.
type declared struct {
	name       string
	kind       token.Token
	method     bool
	of         string // the type of a method and a dot, or "X."
	documented bool
	abstract   bool // an interface, or another name of a type
}

// declarations calls f with all that the files declare.
func (t *Tree) declarations(f func(*source, declared)) {
	for i := range t.sources {
		s := &t.sources[i]
		for _, decl := range s.syntax.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				d := declared{decl.Name.Name, token.FUNC, decl.Recv != nil, receiver(decl), decl.Doc != nil, false}
				if !d.method {
					d.of = exported
				}
				f(s, d)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					specified(decl, spec, func(d declared) { f(s, d) })
				}
			}
		}
	}
}

// exported stands for the type of what is no method.
const exported = "X."

// specified calls f with what one line of a declaration declares. A comment on the group, the
// line or its end documents it.
func specified(group *ast.GenDecl, spec ast.Spec, f func(declared)) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		_, abstract := spec.Type.(*ast.InterfaceType)
		abstract = abstract || spec.Assign.IsValid()
		f(declared{spec.Name.Name, token.TYPE, false, exported, group.Doc != nil || spec.Doc != nil || spec.Comment != nil, abstract})
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			f(declared{name.Name, group.Tok, false, exported, group.Doc != nil || spec.Doc != nil || spec.Comment != nil, false})
		}
	}
}
