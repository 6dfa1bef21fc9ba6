package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// selector finds the metrics in an expression of Prometheus, with what selects by their labels.
var selector = regexp.MustCompile(`\b(tilemix_\w+)(?:\{([^}]*)\})?`)

// foreign are the labels that Prometheus adds.
var foreign = []string{"instance", "job", "le"}

// known returns the labels of each metric that the server shows, by the metric's name.
func knownMetrics(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(metricsTable(t)) {
		fields := strings.Split(line, "|")
		if len(fields) < 5 || !strings.Contains(fields[1], "tilemix_") {
			continue
		}
		name := strings.Trim(fields[1], " `")
		all[name] = strings.FieldsFunc(fields[3], func(r rune) bool { return strings.ContainsRune(" ,`", r) })
		if strings.TrimSpace(fields[2]) == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				all[name+part] = all[name]
			}
		}
	}
	return all
}

// holdExpression compares an expression with the metrics that there are, and says what it finds wrong.
func holdExpression(known map[string][]string, where, expression string) error {
	var errs []error
	found := selector.FindAllStringSubmatch(expression, -1)
	for _, m := range found {
		labels, ok := known[m[1]]
		if !ok {
			errs = append(errs, fmt.Errorf("%s names %s, which the server does not have", where, m[1]))
		}
		for _, label := range regexp.MustCompile(`(\w+)\s*[=!]`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, label[1]) && !slices.Contains(foreign, label[1]) {
				errs = append(errs, fmt.Errorf("%s selects by label %s of %s, which has %v", where, label[1], m[1], labels))
			}
		}
	}
	if by := regexp.MustCompile(`by \(([^)]*)\)`).FindStringSubmatch(expression); by != nil && len(found) == 1 {
		for label := range strings.SplitSeq(by[1], ",") {
			if label = strings.TrimSpace(label); !slices.Contains(known[found[0][1]], label) && !slices.Contains(foreign, label) {
				errs = append(errs, fmt.Errorf("%s groups %s by %s, which it does not have", where, found[0][1], label))
			}
		}
	}
	return errors.Join(errs...)
}

// TestDashboard: every metric and label that the dashboard names is one of the server, and every
// panel has something to show.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("deploy", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	known := knownMetrics(t)
	if len(board.Panels) < 20 || len(known) < 50 {
		t.Fatalf("%d panels, %d metrics", len(board.Panels), len(known))
	}
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			if !strings.Contains(target.Expr, "tilemix_") && !strings.Contains(target.Expr, "process_") {
				t.Errorf("panel %q shows no metric of the server: %s", p.Title, target.Expr)
			}
			if err := holdExpression(known, "panel "+p.Title, target.Expr); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestAlerts: the same for the alert rules, each of which says what is wrong.
func TestAlerts(t *testing.T) {
	path := filepath.Join("deploy", "alerts.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	known, rules := knownMetrics(t), 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			rules++
			if rule.Alert == "" || rule.Expr == "" || rule.Annotations["summary"] == "" {
				t.Errorf("rule %+v is not whole", rule)
			}
			if err := holdExpression(known, "alert "+rule.Alert, rule.Expr); err != nil {
				t.Error(err)
			}
		}
	}
	if rules < 8 {
		t.Errorf("there are %d rules", rules)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", path).CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
}

// TestHoldExpression: the tests above find a metric, and a label, that there is not.
func TestHoldExpression(t *testing.T) {
	known := map[string][]string{"tilemix_rooms": {"kind"}}
	for expression, faulty := range map[string]bool{
		`sum by (kind) (tilemix_rooms{instance="a"})`: false,
		`tilemix_room`:                    true,
		`tilemix_rooms{colour="red"}`:     true,
		`sum by (colour) (tilemix_rooms)`: true,
	} {
		if err := holdExpression(known, "it", expression); (err != nil) != faulty {
			t.Errorf("%s: found %v", expression, err)
		}
	}
}
