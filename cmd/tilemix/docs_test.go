package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/cmd/tilemix/revive"
	"tilemix/cmd/tilemix/startup"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/demux"
	"tilemix/mcu/stream"
	"tilemix/signaling/certs"
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
	table.WriteString("| flag | default | [reload](operation.md#change-settings) | what |\n|---|---|---|---|\n")
	for _, flag := range serveFlags(parser) {
		value := flag.Default
		if value != "" {
			value = "`" + value + "`"
		}
		reload := map[string]string{"now": "at once", "rooms": "new rooms", "": "restart"}[flag.Tag.Get(reloadTag)]
		fmt.Fprintf(&table, "| `--%s` | %s | %s | %s |\n", flag.Name, value, reload, flag.Help)
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
var descText = regexp.MustCompile(`^Desc\{fqName: "(\w+)", help: "(.*?)", (?:unit: ".*", )?constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// constLabel finds the names of labels with a constant value, which a metric has whose parts
// several packages count.
var constLabel = regexp.MustCompile(`(\w+)="`)

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
			labels := strings.ReplaceAll(m[4], ",", ", ")
			if l := constLabel.FindStringSubmatch(m[3]); l != nil {
				labels = l[1]
			}
			rows[m[1]] = metricRow(m[1], labels, m[2])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (tilemix_\w+) (.*)\n# TYPE .*\ntilemix_\w+(?:\{(\w+)=)?`).FindAllStringSubmatch(shown, -1) {
		if rows[m[1]] == "" {
			rows[m[1]] = metricRow(m[1], m[3], m[2])
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
	case strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_expiry_seconds"):
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

// lasting is a certificate with all metrics that certificates have.
type lasting struct{ certs.Source }

func (lasting) Expiry() time.Time { return time.Time{} }
func (lasting) Errors() uint64    { return 0 }

// serverMetrics returns the collectors of a server's parts, and what its /metrics shows.
func serverMetrics(t *testing.T) (all []prometheus.Collector, shown string) {
	t.Helper()
	s := &settings{
		Layout: "grid", MaxSource: pictureSize{X: 2560, Y: 1440}, MaxTiles: 25, MaxParticipants: 10, MaxRooms: 10, VideoBitrate: 1_500_000, AudioBitrate: 32_000, AudioChannels: 1,
		DataDir: t.TempDir(), AudioCodec: "opus", MaxRecordings: 1,
		isolationSettings: isolationSettings{Isolation: "room", Isolated: true},
		operateSettings:   operateSettings{OTLPEndpoint: "http://localhost:4318"},
	}
	log := slog.New(slog.DiscardHandler)
	var err error
	if s.traces, err = newTraces(&s.operateSettings, new(knobs), log); err != nil {
		t.Fatal(err)
	}
	d := &door{}
	d.count(lasting{})
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.clusterSettings = clusterSettings{ClusterListen: fmt.Sprintf("127.%d.%d.1:6222", 1+rand.N(250), rand.N(250)), ClusterKey: key, ClusterID: "a"}
	if s.member, err = newMember(t.Context(), s, "", log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.member.cfg.Listener.Close() })
	home, err := newRooms(s, log, nil, append(d.collectors, boundMetric(&stream.Door{}), portMetric(&demux.Port{}), startup.This().Collector())...)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	scrape := httptest.NewRequest(http.MethodGet, "http://localhost/metrics", nil)
	scrape.RemoteAddr = "127.0.0.1:1"
	home.handler.ServeHTTP(answer, scrape)
	if answer.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d %s", answer.Code, answer.Body)
	}

	all = append(all, s.member.cluster.Collector())
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
		hooks, rooms, s.recorder(cfg, rooms, revive.Open(s.DataDir, log), nil, log), s.gateway(cfg, rooms, nil, nil, log), s.broadcaster(rooms, nil, revive.Open(s.DataDir, log), log),
	} {
		all = append(all, part.Collectors()...)
	}
	return all, answer.Body.String()
}

// TestDocsControl holds the guide of the control protocol to the messages of mcu/control:
// each has a section in the part of its sender, which names all fields.
func TestDocsControl(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(guides, "control-protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "\n## Messages of the client\n")
	client, server, found := strings.Cut(rest, "\n## Messages of the server\n")
	if !found {
		t.Fatal("control-protocol.md has no parts for the client and the server")
	}
	for part, messages := range map[string][]control.Message{
		client: control.FromClient(), server: control.FromServer(),
	} {
		for _, m := range messages {
			section := sectionOf(part, m.Type())
			if section == "" {
				t.Errorf("control-protocol.md has no section for %q of that sender", m.Type())
			}
			for _, field := range jsonFields(reflect.TypeOf(m)) {
				if !regexp.MustCompile("[`\"]" + field + "[`\"]").MatchString(section) {
					t.Errorf("control-protocol.md does not name field %q of %q", field, m.Type())
				}
			}
		}
	}
}

// sectionOf returns the text below the heading of a message.
func sectionOf(part, name string) string {
	_, section, _ := strings.Cut("\n"+part, "\n### "+name+"\n")
	section, _, _ = strings.Cut(section, "\n### ")
	return section
}

// jsonFields returns the names of a struct's fields in JSON, and of the structs within.
func jsonFields(of reflect.Type) (names []string) {
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[control.Offer]().PkgPath() {
		return nil
	}
	if of == reflect.TypeFor[control.CandidateInit]() || of == reflect.TypeFor[control.ICEServer]() {
		return nil // those of the standard
	}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
		names = append(names, jsonFields(field.Type)...)
	}
	return names
}
