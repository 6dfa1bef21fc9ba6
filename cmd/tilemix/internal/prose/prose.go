// Package prose finds sentences that break the house rules for documents, comments and
// messages: a gendered pronoun, or a sentence whose subject is Who, Whoever or Whose.
//
// Each sentence is to name its actor: participant, viewer, sender, client, server, room,
// clock. The package computes and keeps no state.
package prose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// Fault is a piece of text that breaks a rule.
type Fault struct {
	Line int    // of the file, from 1
	Text string // the words around the fault
}

// pronoun is matched in any case but in capitals, as in HE-AAC.
var (
	pronoun  = regexp.MustCompile(`\b([Hh]e|[Hh]im|[Hh]is|[Hh]imself|[Ss]he|[Hh]er|[Hh]ers|[Hh]erself)\b`)
	headless = regexp.MustCompile(`\b(Who|Whoever|Whose)\b`)
	// headlessText is for a message, which begins with a small letter.
	headlessText = regexp.MustCompile(`^(who|whoever|whose)\b|\b(Who|Whoever|Whose)\b`)
	code         = regexp.MustCompile("`[^`]*`")
	question     = regexp.MustCompile(`\b(Who|Whose)\b[^.?!:;]*\?`) // may be asked
)

// Markdown returns the faults of a document. Code is not prose.
func Markdown(text string) (faults []Fault) {
	fenced := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if fenced || strings.HasPrefix(line, "    ") {
			continue
		}
		faults = append(faults, check(n, line, headless)...)
	}
	return faults
}

// Plain returns the faults of a text whose parts all may be prose: a page, a script.
func Plain(text string) (faults []Fault) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		faults = append(faults, check(n, line, headless)...)
	}
	return faults
}

// Go returns the faults of a Go file's comments, and of its texts of more than one word. It
// fails when the file cannot be parsed.
func Go(name string, source []byte) (faults []Fault, err error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, group := range tree.Comments {
		for _, comment := range group.List {
			n := fset.Position(comment.Pos()).Line
			for line := range strings.Lines(comment.Text) {
				faults = append(faults, check(n, line, headless)...)
				n++
			}
		}
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && strings.Contains(text, " ") {
			faults = append(faults, check(fset.Position(literal.Pos()).Line, text, headlessText)...)
		}
		return true
	})
	return faults, nil
}

// check returns what breaks a rule in a line.
func check(n int, line string, head *regexp.Regexp) (faults []Fault) {
	line = question.ReplaceAllString(code.ReplaceAllString(line, "``"), "?")
	for _, rule := range []*regexp.Regexp{pronoun, head} {
		for _, at := range rule.FindAllStringIndex(line, -1) {
			from, to := max(at[0]-30, 0), min(at[1]+30, len(line))
			faults = append(faults, Fault{n, strings.TrimSpace(strings.ToValidUTF8(line[from:to], ""))})
		}
	}
	return faults
}
