// Package openapi describes the HTTP interface of the server, for programs and for people.
//
//	openapi.json   OpenAPI 3.1, written by hand    GET /api/v1/openapi.json
//	page.html      the page around it              GET /api/v1/
//	control.go     the schema of control messages  GET /api/v1/control.json
//
// Tests of package signaling hold the description to the route table and to the codes of refusals.
// The package has no state.
package openapi

import (
	"bytes"
	_ "embed" // the description and its page
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

//go:embed openapi.json
var document string

//go:embed page.html
var layout string

// Document returns the description: OpenAPI 3.1 in JSON. The caller owns the memory.
func Document() []byte { return []byte(document) }

// row is an operation as the page shows it.
type row struct {
	Method, Path, Summary, Action string
	Body, Answer                  string // names of schemas
}

// media is the content of a body or an answer, by media type.
type media map[string]struct {
	Schema struct {
		Ref string `json:"$ref"`
	}
}

// description is what the page needs of the document.
type description struct {
	Paths map[string]map[string]struct {
		Summary     string
		Action      string `json:"x-action"`
		RequestBody struct{ Content media }
		Responses   map[string]struct{ Content media }
	}
	Components struct {
		Schemas map[string]json.RawMessage
	}
}

// Page returns the description as a page of HTML in UTF-8. It fails when an embedded file is broken,
// which a test rules out. The caller owns the memory.
func Page() ([]byte, error) {
	var d description
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	frame, err := template.New("page").Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("openapi: page.html: %w", err)
	}
	schemas := map[string]string{}
	for name, raw := range d.Components.Schemas {
		var text bytes.Buffer
		if err := json.Indent(&text, raw, "", " "); err != nil {
			return nil, fmt.Errorf("openapi.json: %s: %w", name, err)
		}
		schemas[name] = text.String()
	}
	var page bytes.Buffer
	if err := frame.Execute(&page, map[string]any{"Rows": d.rows(), "Schemas": schemas}); err != nil {
		return nil, fmt.Errorf("openapi: page.html: %w", err)
	}
	return page.Bytes(), nil
}

// rows lists all operations by path.
func (d description) rows() (all []row) {
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			o := d.Paths[path][method]
			r := row{Method: strings.ToUpper(method), Path: path, Summary: o.Summary, Action: o.Action, Body: schema(o.RequestBody.Content)}
			for _, status := range []string{"200", "201"} {
				if name := schema(o.Responses[status].Content); name != "" {
					r.Answer = name
				}
			}
			all = append(all, r)
		}
	}
	return all
}

// schema returns the name of the schema of a content, "" for none.
func schema(m media) string {
	for _, c := range m {
		return strings.TrimPrefix(c.Schema.Ref, "#/components/schemas/")
	}
	return ""
}
