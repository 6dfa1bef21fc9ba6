package web_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/route"
	"tilemix/mcu/silence"
	"tilemix/mixer/motion"
)

var update = flag.Bool("update", false, "write the generated types into sdk/protocol.js")

// Where the generated types stand in sdk/protocol.js.
const (
	generatedBegin = "// Generated from mcu/control: go test ./web -run Protocol -update\n"
	generatedEnd   = "// End of what is generated.\n"
)

// TestProtocol compares the types that the pages are checked with, by tsc, to the
// structs that the server sends and reads.
func TestProtocol(t *testing.T) {
	const name = "protocol.js"
	b, err := os.ReadFile(filepath.Join("sdk", name))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), generatedBegin)
	old, after, ended := strings.Cut(rest, generatedEnd)
	if !found || !ended {
		t.Fatalf("%s has no generated part", name)
	}
	types := generate(t)
	if types == old {
		return
	}
	if !*update {
		t.Fatalf("%s is not what mcu/control says: go test ./web -run Protocol -update\ngot\n%s\nwant\n%s", name, old, types)
	}
	whole := before + generatedBegin + types + generatedEnd + after
	if err := os.WriteFile(filepath.Join("sdk", name), []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}

// unions are the values of strings that have only a few.
var unions = map[string][]string{
	"Person.line":     {string(control.LineWeak), string(control.LineLost)},
	"Recording.state": {string(sidecar.Starting), string(sidecar.Recording), string(sidecar.Paused), string(sidecar.Finished), string(sidecar.Failed)},
}

// native are structs that every browser has a type for, or JSON a simpler one.
var native = map[reflect.Type]string{
	reflect.TypeFor[control.ICEServer]():     "RTCIceServer",
	reflect.TypeFor[control.CandidateInit](): "RTCIceCandidateInit",
	reflect.TypeFor[time.Time]():             "string",
	reflect.TypeFor[motion.Ease]():           "'in-out' | 'linear' | 'bounce' | number[]",
}

// generate returns the JSDoc of all messages, and of the structs in them.
func generate(t *testing.T) string {
	t.Helper()
	g := &generator{t: t, comments: comments(t), done: map[string]bool{}}
	server := g.union("ServerMessage", control.FromServer())
	client := g.union("ClientMessage", control.FromClient())
	return g.out.String() + "\n" + server + "\n" + client
}

// generator writes typedefs, each once.
type generator struct {
	t        *testing.T
	out      strings.Builder
	comments map[string]string
	done     map[string]bool
}

// union defines the given messages and returns the type that is any of them.
func (g *generator) union(name string, messages []control.Message) string {
	var names []string
	for _, m := range messages {
		typ := reflect.TypeOf(m)
		names = append(names, typ.Name()+"Message")
		g.define(typ, typ.Name()+"Message", m.Type())
	}
	return fmt.Sprintf("/** @typedef {%s} %s */\n", strings.Join(names, " | "), name)
}

// define writes the typedef of a struct. A message has a kind.
func (g *generator) define(typ reflect.Type, name, kind string) {
	if g.done[name] {
		return
	}
	g.done[name] = true
	var doc strings.Builder
	fmt.Fprintf(&doc, "\n/**\n * %s\n *\n * @typedef {object} %s\n", g.comment(typ.Name()), name)
	if kind != "" {
		fmt.Fprintf(&doc, " * @property {'%s'} type\n", kind)
	}
	g.out.WriteString(doc.String() + g.properties(typ) + " */\n")
}

// properties returns the lines of a struct's fields, and of those of structs that are embedded.
func (g *generator) properties(typ reflect.Type) string {
	var doc strings.Builder
	for field := range typ.Fields() {
		if !field.IsExported() {
			continue
		}
		if field.Anonymous {
			doc.WriteString(g.properties(field.Type))
			continue
		}
		doc.WriteString(g.property(typ, field))
	}
	return doc.String()
}

// property returns the line of a field.
func (g *generator) property(typ reflect.Type, field reflect.StructField) string {
	json, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	key := typ.Name() + "." + json
	as := g.js(field.Type)
	if values := unions[key]; values != nil {
		as = "'" + strings.Join(values, "' | '") + "'"
	}
	if options != "" {
		json = "[" + json + "]"
	}
	line := fmt.Sprintf(" * @property {%s} %s %s", as, json, g.comments[typ.Name()+"."+field.Name])
	return strings.TrimRight(line, " ") + "\n"
}

// js returns what TypeScript calls a type.
func (g *generator) js(typ reflect.Type) string {
	if name := native[typ]; name != "" {
		return name
	}
	switch typ.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return g.js(typ.Elem()) + "[]"
	case reflect.Pointer:
		return g.js(typ.Elem())
	case reflect.Struct:
		g.define(typ, typ.Name(), "")
		return typ.Name()
	default:
		g.t.Fatalf("no type of JavaScript is known for %v", typ)
		return ""
	}
}

// comment returns the first sentence of a struct's comment.
func (g *generator) comment(name string) string {
	text := g.comments[name]
	if text == "" {
		g.t.Errorf("%s has no comment", name)
	}
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

// comments returns what mcu/control says of each struct and, on its line, of each
// field, by "Struct" and "Struct.Field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../mcu/control/*.go")
	files = append(files, "../mcu/views/wish.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source of mcu/control: ", err)
	}
	all := map[string]string{}
	for _, name := range slices.Sorted(slices.Values(files)) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			spec := group.Specs[0].(*ast.TypeSpec)
			all[spec.Name.Name] = flat(group.Doc)
			if typ, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range typ.Fields.List {
					if len(field.Names) == 0 {
						continue // embedded
					}
					all[spec.Name.Name+"."+field.Names[0].Name] = flat(field.Comment)
				}
			}
		}
	}
	return all
}

// flat is a comment on one line.
func flat(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// TestReasons has words on the page, and advice in the guide, for each reason that nothing is seen
// or heard of a participant.
func TestReasons(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("static", "people.js"))
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join("docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range append(silence.Reasons(),
		silence.Reason(route.NoSection), silence.Reason(route.NoFormat), silence.Reason(route.NoLayer), silence.Reason(route.Surplus),
	) {
		if !strings.Contains(string(page), fmt.Sprintf("['%s', '", why)) {
			t.Errorf("people.js has no words for %s", why)
		}
		if !strings.Contains(string(guide), "`"+string(why)+"`") {
			t.Errorf("troubleshooting.md has no advice for %s", why)
		}
	}
}
