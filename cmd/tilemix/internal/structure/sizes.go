package structure

import (
	"go/ast"
	"strings"
)

// LongFiles returns the files of more than most lines.
func (t *Tree) LongFiles(most int) []Finding {
	sizes := map[string]int{}
	for _, s := range t.sources {
		sizes[s.name] = s.lines
	}
	return over(sizes, most)
}

// LongFuncs returns the functions of more than most lines, as FILE:NAME.
func (t *Tree) LongFuncs(most int) []Finding {
	sizes := map[string]int{}
	for _, s := range t.sources {
		for _, decl := range s.syntax.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
				sizes[s.name+":"+receiver(f)+f.Name.Name] = lines
			}
		}
	}
	return over(sizes, most)
}

// Files returns the packages below folder of more than most files.
func (t *Tree) Files(folder string, most int) []Finding {
	sizes := map[string]int{}
	for _, s := range t.sources {
		if within(s.dir, folder) {
			sizes[s.dir]++
		}
	}
	return over(sizes, most)
}

// Spread returns the types whose methods stand in more than most files, as FOLDER.TYPE.
func (t *Tree) Spread(most int) []Finding {
	files := map[string]map[string]bool{}
	for _, s := range t.sources {
		for _, decl := range s.syntax.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			key := s.dir + "." + strings.TrimSuffix(receiver(f), ".")
			if files[key] == nil {
				files[key] = map[string]bool{}
			}
			files[key][s.name] = true
		}
	}
	sizes := map[string]int{}
	for key, names := range files {
		sizes[key] = len(names)
	}
	return over(sizes, most)
}

// Ratio returns the lines of tests and of code in all folders but those that skip accepts.
func (t *Tree) Ratio(skip func(dir string) bool) (tests, code int) {
	for _, s := range t.sources {
		if !skip(s.dir) {
			code += s.lines
		}
	}
	for dir, lines := range t.tests {
		if !skip(dir) {
			tests += lines
		}
	}
	return tests, code
}

// receiver returns the name of a method's type and a dot, and nothing for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name + "."
		default:
			return "?."
		}
	}
}

// within says whether dir is folder or inside it.
func within(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}
