package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
)

// guides is the folder of the user guides.
var guides = filepath.Join(root, "web", "docs")

// TestDocsSettings holds the table in the guide to what --help lists.
func TestDocsSettings(t *testing.T) {
	holdTable(t, filepath.Join(guides, "settings.md"), "settings", settingsTable(t))
}

// TestDocsMetrics holds the table in the guide to what the collectors describe.
func TestDocsMetrics(t *testing.T) {
	holdTable(t, filepath.Join(guides, "metrics.md"), "metrics", metricsTable(t))
}

// holdTable compares the part of a file between two comments with what it must be. With
// -update it writes that part.
func holdTable(t *testing.T, file, name, want string) {
	t.Helper()
	begin := "<!-- " + name + ": written by go test ./cmd/tilemix -update -->\n"
	end := "<!-- end of " + name + " -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the %s between %q and %q", file, name, begin, end)
	}
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the %s in %s are not those of the program; go test ./cmd/tilemix -update writes them:\n%s", name, file, want)
	}
	if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func settingsTable(t *testing.T) string {
	t.Helper()
	parser, err := newParser(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| flag | default | what |\n|---|---|---|\n")
	for _, flag := range serveFlags(parser) {
		value := flag.Default
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&table, "| `--%s` | %s | %s |\n", flag.Name, value, flag.Help)
	}
	return table.String()
}

func serveFlags(parser *kong.Kong) []*kong.Flag {
	for _, command := range parser.Model.Children {
		if command.Name == "serve" {
			return command.Flags
		}
	}
	return nil
}

// descText is how a prometheus.Desc prints: it has no other way to be read.
var descText = regexp.MustCompile(`^Desc\{fqName: "(\w+)", help: "(.*?)", (?:unit: ".*", )?constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

// metricsTable describes all collectors of a server that has its parts from the same
// functions as the program, and the counters that only /metrics shows.
func metricsTable(t *testing.T) string {
	t.Helper()
	collectors, shown := serverMetrics(t)
	rows := map[string]string{}
	for _, c := range collectors {
		for _, d := range described(c) {
			m := descText.FindStringSubmatch(d.String())
			if m == nil {
				t.Fatalf("cannot read %s", d)
			}
			rows[m[1]] = metricRow(m[1], strings.ReplaceAll(m[3], ",", ", "), m[2])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (tilemix_\w+) (.*)$`).FindAllStringSubmatch(shown, -1) {
		if rows[m[1]] == "" {
			rows[m[1]] = metricRow(m[1], "", m[2])
		}
	}
	var table strings.Builder
	table.WriteString("| metric | kind | labels | what |\n|---|---|---|---|\n")
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		table.WriteString(rows[name])
	}
	return table.String()
}

func metricRow(name, labels, help string) string {
	kind := "gauge"
	switch {
	case strings.HasSuffix(name, "_total"):
		kind = "counter"
	case strings.HasSuffix(name, "_seconds"):
		kind = "histogram"
	}
	if labels != "" {
		labels = "`" + labels + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, kind, labels, help)
}

func described(c prometheus.Collector) []*prometheus.Desc {
	ch := make(chan *prometheus.Desc)
	go func() {
		c.Describe(ch)
		close(ch)
	}()
	var all []*prometheus.Desc
	for d := range ch {
		all = append(all, d)
	}
	return all
}

// serverMetrics returns the collectors of a server's parts, and what its /metrics shows.
func serverMetrics(t *testing.T) (all []prometheus.Collector, shown string) {
	t.Helper()
	s := &settings{
		Layout: "grid", MaxTiles: 25, MaxParticipants: 10, MaxRooms: 10, VideoBitrate: 1_500_000,
		DataDir: t.TempDir(), AudioCodec: "opus", MaxRecordings: 1,
	}
	log := slog.New(slog.DiscardHandler)
	_, handler, err := newRooms(s, log)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))

	s.DataDir = t.TempDir()
	hooks, err := newWebhooks(s, log)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.config()
	rooms, err := mcu.NewServer(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []interface{ Collectors() []prometheus.Collector }{
		hooks, rooms, s.recorder(cfg, rooms, log), s.gateway(cfg, rooms, log), s.broadcaster(rooms, log),
	} {
		all = append(all, part.Collectors()...)
	}
	return all, answer.Body.String()
}

// TestDocsControl holds the guide of the control protocol to the messages of mcu/control:
// each type of a message has a section.
func TestDocsControl(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(guides, "control-protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	types := messageTypes(t)
	if len(types) < 10 {
		t.Fatalf("only the types %v found", types)
	}
	for _, name := range types {
		if !strings.Contains(string(guide), "\n### "+name+"\n") {
			t.Errorf("control-protocol.md has no section for %q", name)
		}
	}
}

// messageTypes returns the texts of those constants of mcu/control that are declared
// together with "welcome".
func messageTypes(t *testing.T) []string {
	t.Helper()
	for file, tree := range sources(t) {
		if filepath.ToSlash(filepath.Dir(file)) != "mcu/control" {
			continue
		}
		for _, decl := range tree.Decls {
			block, ok := decl.(*ast.GenDecl)
			if !ok || block.Tok != token.CONST {
				continue
			}
			if texts := constants(block); slices.Contains(texts, "welcome") {
				return texts
			}
		}
	}
	t.Fatal("mcu/control declares no types of messages")
	return nil
}

// constants returns the texts of a block's constants.
func constants(block *ast.GenDecl) (texts []string) {
	for _, spec := range block.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				texts = append(texts, text)
			}
		}
	}
	return texts
}
