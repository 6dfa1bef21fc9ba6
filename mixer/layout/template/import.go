package template

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// units is the width and height of FreeSWITCH's canvas.
const units = 360

// Import reads layouts of another server: FreeSWITCH's conference_layouts.conf.xml, or JSON with
// OWT's regions. Layouts of OWT have the given name. The result holds together as that of [Parse].
func Import(data []byte, name string) (all []Template, err error) {
	if len(data) > 4*maxBytes {
		return nil, Error{"", fmt.Sprintf("it has %d bytes; %d are the most", len(data), 4*maxBytes)}
	}
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '<' {
		all, err = fromFreeSWITCH(data)
	} else {
		all, err = fromOWT(data, name)
	}
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, Error{"", "it has no layout; FreeSWITCH's have layout elements, OWT's have region lists"}
	}
	var found faults
	names := map[string]bool{}
	for i := range all {
		all[i].Name = unlike(names, all[i].Name)
		names[all[i].Name] = true
		found.template(all[i].Name+": ", &all[i])
	}
	if len(found) > 0 {
		return nil, found[0]
	}
	return all, nil
}

// image is FreeSWITCH's, in units of its canvas.
type fsImage struct {
	X           float64 `xml:"x,attr"`
	Y           float64 `xml:"y,attr"`
	Scale       float64 `xml:"scale,attr"`
	HScale      float64 `xml:"hscale,attr"`
	Zoom        bool    `xml:"zoom,attr"`
	Floor       bool    `xml:"floor,attr"`
	FloorOnly   bool    `xml:"floor-only,attr"`
	FileOnly    bool    `xml:"file-only,attr"`
	Overlap     bool    `xml:"overlap,attr"`
	Reservation string  `xml:"reservation_id,attr"`
	Role        string  `xml:"role-id,attr"`
}

type fsLayout struct {
	Name   string    `xml:"name,attr"`
	Images []fsImage `xml:"image"`
}

type fsGroup struct {
	Name    string   `xml:"name,attr"`
	Layouts []string `xml:"layout"`
}

// fromFreeSWITCH makes a template of each layout, and of each group one that has all its layouts.
func fromFreeSWITCH(data []byte) (all []Template, err error) {
	var layouts []fsLayout
	var groups []fsGroup
	read, within := xml.NewDecoder(bytes.NewReader(data)), ""
	for {
		token, err := read.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Error{"", fmt.Sprintf("it is no XML: %.100s", err)}
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
			continue
		case start.Name.Local == "layout-settings", start.Name.Local == "layouts", start.Name.Local == "groups":
			within = start.Name.Local
			continue
		case start.Name.Local == "layout" && within != "groups":
			var l fsLayout
			if err = read.DecodeElement(&l, &start); err == nil && len(l.Images) > maxSlots {
				err = fmt.Errorf("%.30q has %d images; %d are the most", l.Name, len(l.Images), maxSlots)
			}
			layouts = append(layouts, l)
		case start.Name.Local == "group":
			var g fsGroup
			if err = read.DecodeElement(&g, &start); err == nil {
				groups = append(groups, g)
			}
		}
		if err != nil {
			return nil, Error{start.Name.Local, fmt.Sprintf("%.100s", err)}
		}
	}
	byName := map[string]Group{}
	for _, l := range layouts {
		byName[l.Name] = l.group()
		all = append(all, Template{Name: named("fs", l.Name), Canvas: "16:9", Groups: []Group{byName[l.Name]}})
	}
	for _, g := range groups {
		t := Template{Name: named("fs-group", g.Name), Canvas: "16:9"}
		for _, name := range g.Layouts {
			if l, ok := byName[strings.TrimSpace(name)]; ok {
				t.Groups = append(t.Groups, l)
			}
		}
		slices.SortStableFunc(t.Groups, func(a, b Group) int { return a.Max - b.Max })
		if len(t.Groups) > 0 {
			all = append(all, t)
		}
	}
	return all, nil
}

// group returns a layout of FreeSWITCH as a group. Images that overlap lie in their order.
func (l *fsLayout) group() Group {
	g := Group{}
	for _, i := range l.Images {
		if i.FileOnly {
			continue
		}
		height := i.HScale
		if height == 0 {
			height = i.Scale
		}
		s := Slot{At: inside(Area{i.X / units, i.Y / units, i.Scale / units, height / units}), Fit: "contain"}
		if i.Zoom {
			s.Fit = "cover"
		}
		switch {
		case i.Role != "":
			s.Who = "role:" + i.Role + "|rest"
		case strings.HasPrefix(i.Reservation, "presenter"):
			s.Who = "screen|speaker|rest"
		case i.FloorOnly:
			s.Who = "speaker"
		case i.Floor:
			s.Who = "speaker|rest"
		}
		for j := range g.Slots {
			if s.At.overlaps(g.Slots[j].At) {
				s.Z = max(s.Z, g.Slots[j].Z+1)
			}
		}
		g.Slots = append(g.Slots, s)
	}
	g.Max = len(g.Slots)
	return g
}

// inside cuts off what is beyond the canvas by no more than two of FreeSWITCH's units, as a scale of 121 is.
func inside(a Area) Area {
	for i := range 2 {
		if over := a[i] + a[i+2] - 1; over > 0 && over < 2.0/units {
			a[i+2] -= over
		}
	}
	return a
}

// named returns a name that templates may have.
func named(prefix, name string) string {
	clean := regexp.MustCompile(`[^a-z0-9._-]+`).ReplaceAllString(strings.ToLower(name), "-")
	full := prefix + "-" + clean
	return full[:min(len(full), maxName)]
}

// unlike returns a name that is not among others, with a number behind it where it would be:
// "2x2" and "2X2" are two names in FreeSWITCH.
func unlike(others map[string]bool, name string) string {
	one := name
	for n := 2; others[one]; n++ {
		number := fmt.Sprintf("-%d", n)
		one = name[:min(len(name), maxName-len(number))] + number
	}
	return one
}

// owtRegion is one of OWT's, in fractions.
type owtRegion struct {
	Area struct {
		Left, Top, Width, Height string
	} `json:"area"`
}

// fromOWT finds all lists of regions, wherever they are. Each is a group of the template.
func fromOWT(data []byte, name string) ([]Template, error) {
	var any any
	if err := json.Unmarshal(data, &any); err != nil {
		return nil, unreadable(err)
	}
	t := Template{Name: named("owt", name)}
	if err := regions(any, "", &t.Groups); err != nil {
		return nil, err
	}
	slices.SortStableFunc(t.Groups, func(a, b Group) int { return a.Max - b.Max })
	if len(t.Groups) == 0 {
		return nil, nil
	}
	return []Template{t}, nil
}

func regions(v any, path string, to *[]Group) error {
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			if err := regions(one, fmt.Sprintf("%s[%d]", path, i), to); err != nil {
				return err
			}
		}
	case map[string]any:
		if list, ok := v["region"].([]any); ok {
			return region(list, path+".region", to)
		}
		for _, key := range sortedKeys(v) {
			if err := regions(v[key], strings.TrimPrefix(path+"."+key, "."), to); err != nil {
				return err
			}
		}
	}
	return nil
}

// region makes a group of one list of regions. The first is of the primary source.
func region(list []any, path string, to *[]Group) error {
	text, err := json.Marshal(list)
	if err != nil {
		return Error{path, err.Error()}
	}
	var all []owtRegion
	if err := json.Unmarshal(text, &all); err != nil {
		return Error{path, fmt.Sprintf("%.100s", err)}
	}
	g := Group{Max: len(all)}
	for i, r := range all {
		var s Slot
		for j, part := range []string{r.Area.Left, r.Area.Top, r.Area.Width, r.Area.Height} {
			if s.At[j], err = fraction(part); err != nil {
				return Error{fmt.Sprintf("%s[%d].area", path, i), err.Error()}
			}
		}
		if i == 0 && len(all) > 1 {
			s.Who = "speaker|rest"
		}
		g.Slots = append(g.Slots, s)
	}
	*to = append(*to, g)
	return nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
