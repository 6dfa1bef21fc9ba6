package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"tilemix/mixer/layout"
)

// The bounds of a template. What is beyond them is an error.
const (
	maxBytes  = 256 << 10 // of the JSON
	maxGroups = 32        // of a template
	maxSlots  = 64        // of a group
	maxErrors = 20        // that are told
	maxName   = 40        // letters of a name
	maxRadius = 500       // pixels, also of a border
)

var (
	nameRule  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,39}$`)
	shapeRule = regexp.MustCompile(`^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$`)
)

// Error is what is wrong at one place of a template.
type Error struct {
	Path string `json:"path"` // as layouts[1].slots[0].at; "": the whole
	Text string `json:"error"`
}

// Error implements error.
func (e Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// Template is a layout as JSON has it. [Parse] makes one that holds together.
type Template struct {
	Name       string  `json:"name"`
	Canvas     string  `json:"canvas,omitempty"`     // the shape that it is made for, as 16:9
	Background string  `json:"background,omitempty"` // colour as #rrggbb
	Groups     []Group `json:"layouts"`
}

// Group is a set of slots for up to Max sources.
type Group struct {
	Max   int    `json:"max,omitempty"` // 0: any number
	Slots []Slot `json:"slots"`
}

// Slot is a place of one source, or of a grid of them.
type Slot struct {
	At     Area   `json:"at"`
	Who    string `json:"who,omitempty"` // whom it takes: alternatives that | parts; "": rest
	Fit    string `json:"fit,omitempty"` // contain or cover; "": cover
	Z      int    `json:"z,omitempty"`   // the higher one is in front
	Radius int    `json:"radius,omitempty"`
	Border int    `json:"border,omitempty"`
	Label  string `json:"label,omitempty"` // none, inside or below; "": inside
	Grid   bool   `json:"grid,omitempty"`
}

// Parse reads templates: one, or a list of them. Errors are [Error]s, all that were found, joined.
func Parse(data []byte) ([]Template, error) {
	if len(data) > maxBytes {
		return nil, Error{"", fmt.Sprintf("it has %d bytes; %d are the most", len(data), maxBytes)}
	}
	var all []Template
	var to any = &all
	if t := bytes.TrimSpace(data); len(t) == 0 || t[0] != '[' {
		all = make([]Template, 1)
		to = &all[0]
	}
	read := json.NewDecoder(bytes.NewReader(data))
	read.DisallowUnknownFields()
	if err := read.Decode(to); err != nil {
		return nil, unreadable(err)
	}
	if _, err := read.Token(); !errors.Is(err, io.EOF) {
		return nil, Error{"", "there is more behind the JSON value"}
	}
	var found faults
	names := map[string]bool{}
	for i := range all {
		prefix := ""
		if len(all) > 1 {
			prefix = fmt.Sprintf("[%d].", i)
		}
		found.template(prefix, &all[i])
		if names[all[i].Name] {
			found.add(prefix+"name", "%q is there twice", all[i].Name)
		}
		names[all[i].Name] = true
	}
	if len(found) > 0 {
		return nil, errors.Join(found...)
	}
	return all, nil
}

// Errors returns what Parse found, one by one.
func Errors(err error) (all []Error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			all = append(all, Errors(one)...)
		}
		return all
	}
	if one, ok := errors.AsType[Error](err); ok {
		return []Error{one}
	}
	if err != nil {
		all = []Error{{"", err.Error()}}
	}
	return all
}

// unreadable says what is no template at all.
func unreadable(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Error{wrong.Field, fmt.Sprintf("%s is not what is expected here: %s", wrong.Value, wrong.Type)}
	}
	if one, ok := errors.AsType[Error](err); ok {
		return one
	}
	return Error{"", fmt.Sprintf("it is no JSON of a layout: %.200s", strings.TrimPrefix(err.Error(), "json: "))}
}

// faults are those of templates, in their order.
type faults []error

func (f *faults) add(path, format string, args ...any) {
	if len(*f) < maxErrors {
		*f = append(*f, Error{path, fmt.Sprintf(format, args...)})
	}
}

func (f *faults) template(prefix string, t *Template) {
	if _, taken := layout.ByName(t.Name); taken {
		f.add(prefix+"name", "%q is a layout of the server; take another name", t.Name)
	} else if !nameRule.MatchString(t.Name) {
		f.add(prefix+"name", "%.60q is no name; take 1 to 40 of a-z, 0-9, dot, dash and underscore, a letter or digit first", t.Name)
	}
	if t.Canvas != "" && !shapeRule.MatchString(t.Canvas) {
		f.add(prefix+"canvas", "%.40q is no shape such as 16:9", t.Canvas)
	}
	if t.Background != "" && !regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(t.Background) {
		f.add(prefix+"background", "%.40q is no colour such as #101418", t.Background)
	}
	if n := len(t.Groups); n == 0 || n > maxGroups {
		f.add(prefix+"layouts", "there are %d; take 1 to %d", n, maxGroups)
		return
	}
	for i := range t.Groups {
		f.group(fmt.Sprintf("%slayouts[%d].", prefix, i), &t.Groups[i])
	}
}

func (f *faults) group(prefix string, g *Group) {
	if g.Max < 0 {
		f.add(prefix+"max", "%d is negative", g.Max)
	}
	if n := len(g.Slots); n == 0 || n > maxSlots {
		f.add(prefix+"slots", "there are %d; take 1 to %d", n, maxSlots)
		return
	}
	for i := range g.Slots {
		s := &g.Slots[i]
		path := fmt.Sprintf("%sslots[%d].", prefix, i)
		f.slot(path, s)
		for j := range g.Slots[:i] {
			if o := &g.Slots[j]; s.At.overlaps(o.At) && s.Z == o.Z {
				f.add(path+"at", "it overlaps slots[%d]; give one of them a higher z", j)
			}
			if s.Grid && g.Slots[j].Grid {
				f.add(path+"grid", "slots[%d] is a grid already; a group has one, which takes all who are left", j)
			}
		}
	}
}

func (f *faults) slot(path string, s *Slot) {
	if why := s.At.fault(); why != "" {
		f.add(path+"at", "%s", why)
	}
	for one := range strings.SplitSeq(s.Who, "|") {
		if s.Who != "" && !isWho(one) {
			f.add(path+"who", "%.60q is none of speaker, screen, pinned, spotlight:N, role:NAME, id:ID and rest", one)
		}
	}
	oneOf := func(field, value string, of ...string) {
		if value != "" && !slices.Contains(of, value) {
			f.add(path+field, "%.40q is none of %s", value, strings.Join(of, ", "))
		}
	}
	oneOf("fit", s.Fit, "contain", "cover")
	oneOf("label", s.Label, "none", "inside", "below")
	pixels := func(field string, v int) {
		if v < 0 || v > maxRadius {
			f.add(path+field, "%d is not from 0 to %d", v, maxRadius)
		}
	}
	pixels("radius", s.Radius)
	pixels("border", s.Border)
	if s.Z < -maxSlots || s.Z > maxSlots {
		f.add(path+"z", "%d is not from %d to %d", s.Z, -maxSlots, maxSlots)
	}
}
