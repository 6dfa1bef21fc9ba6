package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says which of our folders the code in a folder may import.
var layers = map[string][]string{
	"codec":     {"codec"},
	"mixer":     {"codec", "mixer"},
	"mcu":       {"codec", "mixer", "mcu"},
	"signaling": {"codec", "mixer", "mcu", "signaling", "web"},
	"web":       {},
	"cmd":       {"codec", "mixer", "mcu", "signaling", "web", "cmd"},
	"testdata":  {},
}

// owners says in which one folder a module may be imported. bench/bare may import
// pion/webrtc too, because it measures pion/webrtc without any code of ours.
var owners = map[string]string{
	"github.com/pion/webrtc":                                  "mcu/rtc",
	"github.com/pion/turn":                                    "mcu/turn",
	"github.com/y9o/go-openh264":                              "codec/h264",
	"github.com/hraban/opus":                                  "codec/opus",
	"github.com/labstack/echo":                                "signaling",
	"github.com/bluenviron/gohlslib":                          "mcu/broadcast",
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264":    "codec/h264",
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts": "mcu/gateway",
	"github.com/coder/websocket":                              "signaling",
	"github.com/alecthomas/kong":                              "cmd",
	"github.com/nats-io":                                      "signaling/cluster/bus",
	"github.com/goccy/go-yaml":                                "cmd",
}

// clock is what the time package offers beside plain arithmetic.
var clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if _, known := layers[name]; entry.IsDir() && !known && name != "bin" && !strings.HasPrefix(name, ".") {
			t.Errorf("%s is no top-level folder of this project", name)
		}
	}
}

func TestLayers(t *testing.T) {
	for file, tree := range sources(t) {
		folder, _, _ := strings.Cut(file, "/")
		for _, spec := range tree.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if inner, ours := strings.CutPrefix(name, "tilemix/"); ours {
				if layer, _, _ := strings.Cut(inner, "/"); !slices.Contains(layers[folder], layer) {
					t.Errorf("%s imports %s, which is not below it", file, name)
				}
			}
			for module, owner := range owners {
				bare := module == "github.com/pion/webrtc" && within(path.Dir(file), "cmd/tilemix/bench/bare")
				if within(name, module) && !within(path.Dir(file), owner) && !bare {
					t.Errorf("%s imports %s, which only %s may", file, name, owner)
				}
			}
		}
	}
}

// TestPureLayers holds codec and mixer to arithmetic: no goroutine, lock, logger
// or clock.
func TestPureLayers(t *testing.T) {
	forbidden := []string{"context", "log", "log/slog", "net", "sync"}
	for file, tree := range sources(t) {
		if !within(file, "codec") && !within(file, "mixer") {
			continue
		}
		for _, spec := range tree.Imports {
			if name, _ := strconv.Unquote(spec.Path.Value); slices.Contains(forbidden, name) {
				t.Errorf("%s imports %s", file, name)
			}
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", file)
			case *ast.SelectorExpr:
				if x, ok := node.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, node.Sel.Name) {
					t.Errorf("%s looks at the clock: time.%s", file, node.Sel.Name)
				}
			}
			return true
		})
	}
}

// timeless are packages in which time is an argument, so that simulated time drives
// them. Their files that are named here are goroutines, or called by pion's.
var timeless = map[string][]string{
	"mcu/rtc/send":    {"pacer.go", "writer.go"},
	"mcu/rtc/receive": {"twcc.go"},
}

// TestTimeless holds what decides about packets to the time that it is given.
func TestTimeless(t *testing.T) {
	found := 0
	for file, tree := range sources(t) {
		edges, ok := timeless[path.Dir(file)]
		if !ok || slices.Contains(edges, path.Base(file)) {
			continue
		}
		found++
		ast.Inspect(tree, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, s.Sel.Name) {
					t.Errorf("%s looks at the clock: time.%s", file, s.Sel.Name)
				}
			}
			return true
		})
	}
	if found < 2*len(timeless) {
		t.Errorf("%d files are timeless", found)
	}
}

func TestNoInit(t *testing.T) {
	for file, tree := range sources(t) {
		for _, decl := range tree.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function", file)
			}
		}
	}
}

// root is the repository, seen from this folder.
const root = "../.."

// sources parses every Go file that is not a test, for all platforms and build
// tags, under its path in the repository.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	trees := map[string]*ast.File{}
	tree := os.DirFS(root)
	for folder := range layers {
		err := fs.WalkDir(tree, folder, func(file string, _ fs.DirEntry, err error) error {
			if file == folder && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
				return err
			}
			trees[file], err = parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return trees
}

// within says whether name is folder or inside it.
func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}
