package signaling

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tilemix/signaling/access/credential"
	"tilemix/signaling/openapi"
)

// described are the addresses that the description is to have.
var described = regexp.MustCompile(`^/(api|whip|whep|ws|sse|hls|livez|readyz|healthz|metrics)(/|$)`)

// TestDescription holds the OpenAPI description to the route table: each row is in it with its
// action, and it has nothing that is not in the table.
func TestDescription(t *testing.T) {
	s, _ := whole(t, known())
	want := map[string]string{"GET /metrics": "metrics"}
	for _, r := range s.routes() {
		if !described.MatchString(r.path) {
			continue
		}
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(strings.Replace(r.path, "*", ":path", 1), "{$1}")
		for method := range strings.FieldsSeq(r.methods) {
			if method != http.MethodHead { // the same as GET, and without a body
				want[method+" "+path] = r.action
			}
		}
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Action      string `json:"x-action"`
			Parameters  []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(openapi.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, o := range operations {
			row := strings.ToUpper(method) + " " + path
			if action, ok := want[row]; !ok || action != o.Action {
				t.Errorf("%s needs %q in the description, and %q in the route table (it has the row: %v)", row, o.Action, action, ok)
			}
			delete(want, row)
			if names[o.OperationID] || o.OperationID == "" {
				t.Errorf("%s has the name %q, which another has", row, o.OperationID)
			}
			names[o.OperationID] = true
			for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.Name == m[1] && p.In == "path" }) {
					t.Errorf("%s does not describe {%s}", row, m[1])
				}
			}
		}
	}
	for row, action := range want {
		t.Errorf("the description lacks %s (%s)", row, action)
	}
}

// TestDescribedCodes holds the closed list of codes to the code.
func TestDescribedCodes(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas struct{ Code struct{ Enum []string } }
		}
	}
	if err := json.Unmarshal(openapi.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Collect(maps.Values(codes)), credential.Codes()...)
	for _, c := range codesOf {
		want = append(want, c.code)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := doc.Components.Schemas.Code.Enum; !slices.Equal(got, want) {
		t.Errorf("the description has the codes\n%q\nthe server has\n%q", got, want)
	}
}

// TestDescriptionServed reads the description and its page.
func TestDescriptionServed(t *testing.T) {
	h, err := New(nothing{}, known(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for path, has := range map[string]string{
		"/api/v1/openapi.json": `"openapi": "3.1.0"`, "/api/v1/": `<a href="#Participants">`,
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), has) {
			t.Errorf("%s is answered %d without %q", path, answer.Code, has)
		}
	}
}
