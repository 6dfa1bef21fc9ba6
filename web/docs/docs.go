// Package docs holds the user guides, embedded in the binary. The server shows them at
// /docs/; a forge shows the same files as they are.
//
//	index.md      what there is                    GET /docs/
//	NAME.md       one guide                        GET /docs/NAME
//	page.html     the page around a guide
//
// A guide begins with its title, a heading of level 1. A link to another guide is a link to
// its file, "network.md#turn", which a forge follows; a page has it without ".md". Raw HTML
// and links that run a script do not reach a page: goldmark leaves them out.
//
// The package has no state. Render computes; the caller keeps what it returns.
package docs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

//go:embed *.md
var files embed.FS

//go:embed page.html
var layout string

// Index is the name of the page that lists the guides.
const Index = "index"

// order is the order of the guides in the menu of every page.
var order = []string{
	Index, "join", "screen-share", "views", "layouts", "recording", "broadcast", "outputs-and-inputs", "overlays", "webhooks", "access", "audit", "network", "tls", "operation", "cluster",
	"sound", "settings", "metrics", "statistics", "sdk", "control-protocol", "clients", "bench", "troubleshooting",
}

// Pages renders all guides: complete HTML pages in UTF-8, by the guide's name without ".md".
// It fails when a guide has no title or is missing in the menu, which a test of this package
// rules out. The caller owns the memory.
func Pages() (map[string][]byte, error) {
	frame, err := template.New("page").Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("docs: page.html: %w", err)
	}
	var menu []link
	guides := map[string]guide{}
	for _, name := range order {
		g, err := render(name)
		if err != nil {
			return nil, fmt.Errorf("docs: %s.md: %w", name, err)
		}
		guides[name] = g
		menu = append(menu, link{Name: name, Title: g.title})
	}
	pages := map[string][]byte{}
	for name, g := range guides {
		var page bytes.Buffer
		err := frame.Execute(&page, map[string]any{"Title": g.title, "Body": g.body, "Menu": mark(menu, name)})
		if err != nil {
			return nil, fmt.Errorf("docs: %s.md: %w", name, err)
		}
		pages[name] = page.Bytes()
	}
	return pages, nil
}

// link is an entry of the menu.
type link struct {
	Name, Title string
	Here        bool // the page itself
}

// Path returns the address of the entry, as seen from the page of a guide.
func (l link) Path() string {
	if l.Name == Index {
		return "./"
	}
	return l.Name
}

// mark returns the menu of the page of that name.
func mark(menu []link, name string) []link {
	marked := append([]link(nil), menu...)
	for i := range marked {
		marked[i].Here = marked[i].Name == name
	}
	return marked
}

// guide is one file, rendered.
type guide struct {
	title string
	body  template.HTML // goldmark's output, which has no raw HTML of the source
}

var errNoTitle = errors.New("the guide does not begin with a heading of level 1")

func render(name string) (guide, error) {
	source, err := files.ReadFile(name + ".md")
	if err != nil {
		return guide{}, err
	}
	return convert(source)
}

// convert renders Markdown in the dialect of forges (CommonMark with tables).
func convert(source []byte) (guide, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
	tree := md.Parser().Parse(text.NewReader(source))
	first, ok := tree.FirstChild().(*ast.Heading)
	if !ok || first.Level != 1 {
		return guide{}, errNoTitle
	}
	title := string(first.Lines().Value(source))
	if err := ast.Walk(tree, relink); err != nil {
		return guide{}, err
	}
	var body bytes.Buffer
	if err := md.Renderer().Render(&body, source, tree); err != nil {
		return guide{}, err
	}
	// The arrow keys scroll a wide example or table only when it has the focus.
	page := strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table>", `<table tabindex="0">`).Replace(body.String())
	return guide{title, template.HTML(page)}, nil
}

// relink turns a link to a guide's file into one to its page.
func relink(node ast.Node, entering bool) (ast.WalkStatus, error) {
	if a, ok := node.(*ast.Link); ok && entering {
		a.Destination = []byte(pagePath(string(a.Destination)))
	}
	return ast.WalkContinue, nil
}

// pagePath returns the address of the page of a guide's file. Other destinations stay as
// they are.
func pagePath(destination string) string {
	file, fragment, _ := strings.Cut(destination, "#")
	name, isGuide := strings.CutSuffix(file, ".md")
	if !isGuide || strings.Contains(name, "/") {
		return destination
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return link{Name: name}.Path() + fragment
}
