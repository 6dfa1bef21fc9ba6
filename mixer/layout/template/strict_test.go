package template_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tilemix/mixer/layout/template"
)

// whole is the template x with one slot that has a field more, and fields of the template.
func whole(field, slot string) string {
	return `{"name":"x"` + field + `,"layouts":[{"slots":[{"at":[0,0,1,1]` + slot + `}]}]}`
}

// TestShape takes shapes and colours, and nothing that only begins as one.
func TestShape(t *testing.T) {
	for text, want := range map[string]string{
		whole(`,"canvas":"16:9"`, ``):                   "",
		whole(`,"canvas":"9:16"`, ``):                   "",
		whole(`,"canvas":""`, ``):                       "",
		whole(`,"canvas":"16:9junk"`, ``):               "canvas",
		whole(`,"canvas":"16:9\"/><script>"`, ``):       "canvas",
		whole(`,"canvas":"16: 9"`, ``):                  "canvas",
		whole(`,"canvas":"+16:9"`, ``):                  "canvas",
		whole(`,"canvas":"0:9"`, ``):                    "canvas",
		whole(`,"canvas":"16:0"`, ``):                   "canvas",
		whole(`,"canvas":"1:99999999999"`, ``):          "canvas",
		whole(`,"canvas":"16x9"`, ``):                   "canvas",
		whole(`,"background":"#AbCdEf"`, ``):            "",
		whole(`,"background":"#abc"`, ``):               "background",
		whole(`,"background":"red"`, ``):                "background",
		whole(`,"background":"#000000\""`, ``):          "background",
		whole(`,"background":"#000000\n"`, ``):          "background",
		whole(``, `,"who":"rest:x"`):                    "layouts[0].slots[0].who",
		whole(``, `,"who":"speaker|"`):                  "layouts[0].slots[0].who",
		whole(``, `,"who":"spotlight:01"`):              "layouts[0].slots[0].who",
		whole(``, `,"who":"spotlight:+1"`):              "layouts[0].slots[0].who",
		whole(``, `,"who":"spotlight"`):                 "layouts[0].slots[0].who",
		whole(``, `,"who":"id:"`):                       "layouts[0].slots[0].who",
		whole(``, `,"who":"Speaker"`):                   "layouts[0].slots[0].who",
		whole(``, `,"who":"role:`+long(64)+`"`):         "",
		whole(``, `,"who":"role:`+long(65)+`"`):         "layouts[0].slots[0].who",
		whole(``, `,"z":64`):                            "",
		whole(``, `,"z":65`):                            "layouts[0].slots[0].z",
		whole(``, `,"z":-65`):                           "layouts[0].slots[0].z",
		whole(``, `,"border":500`):                      "",
		whole(``, `,"border":501`):                      "layouts[0].slots[0].border",
		whole(``, `,"label":"above"`):                   "layouts[0].slots[0].label",
		`{"name":"` + long(40) + whole(``, ``)[10:]:     "",
		`{"name":"` + long(41) + whole(``, ``)[10:]:     "name",
		`{"name":"-a` + whole(``, ``)[10:]:              "name",
		`{"name":"é` + whole(``, ``)[10:]:               "name",
		`{"name":"speaker` + whole(``, ``)[10:]:         "name",
		`[` + whole(``, ``) + `,` + whole(``, ``) + `]`: "[1].name",
		`[` + whole(``, ``) + `,{"name":"y"}]`:          "[1].layouts",
		`null`:                                          "name",
		`[null]`:                                        "name",
	} {
		all := template.Errors(second(template.Parse([]byte(text))))
		path := ""
		if len(all) > 0 {
			path = all[0].Path
		}
		if path != want || len(all) > 0 && want == "" {
			t.Errorf("%s: %v, want %q", text, all, want)
		}
	}
}

func long(n int) string { return strings.Repeat("a", n) }

func second[T any](_ T, err error) error { return err }

// TestErrorsInOrder: all faults of a text are told at once, in the order of the text, each time the
// same, and no more of them than people read.
func TestErrorsInOrder(t *testing.T) {
	const text = `{"name":"Ä","canvas":"wide","background":"red","layouts":[
	 {"max":-1,"slots":[{"at":[0,0,2,1],"who":"all|me","fit":"x","label":"y","radius":-1,"border":-1,"z":99}]},
	 {"slots":[]},
	 {"slots":[{"at":[0,0,1,1],"grid":true},{"at":[0,0,1,1],"z":1,"grid":true}]}]}`
	want := []string{
		"name", "canvas", "background", "layouts[0].max", "layouts[0].slots[0].at", "layouts[0].slots[0].who", "layouts[0].slots[0].who",
		"layouts[0].slots[0].fit", "layouts[0].slots[0].label", "layouts[0].slots[0].radius", "layouts[0].slots[0].border",
		"layouts[0].slots[0].z", "layouts[1].slots", "layouts[2].slots[1].grid",
	}
	for range 20 { // the order of a map would show
		var got []string
		for _, one := range template.Errors(second(template.Parse([]byte(text)))) {
			got = append(got, one.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	slots := strings.TrimSuffix(strings.Repeat(`{"at":[0,0,1,1]},`, 64), ",")
	if n := len(template.Errors(second(template.Parse([]byte(`{"name":"x","layouts":[{"slots":[` + slots + `]}]}`))))); n != 20 {
		t.Errorf("%d faults are told", n)
	}
}

// TestErrorTexts: what comes from outside is cut in messages, and an Error names its path.
func TestErrorTexts(t *testing.T) {
	huge := strings.Repeat("w", 100_000)
	for _, text := range []string{
		whole(``, `,"who":"`+huge+`"`), whole(``, `,"fit":"`+huge+`"`), whole(`,"canvas":"`+huge+`"`, ``), whole(`,"background":"`+huge+`"`, ``),
		`{"name":"` + huge + whole(``, ``)[10:], `{"name":"x","layouts":[{"slots":[{"at":["` + huge + `",0,1,1]}]}]}`,
		`{"name":"x","layouts":[{"slots":[{"at":"` + huge + `"}]}]}`, whole(``, `,"`+huge+`":1`),
	} {
		if _, err := template.Parse([]byte(text)); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.40s…: a message of %d bytes", text, len(fmt.Sprint(err)))
		}
	}
	if got := (template.Error{Path: "a.b", Text: "is c"}).Error(); got != "a.b: is c" {
		t.Error(got)
	}
	if got := template.Errors(nil); got != nil {
		t.Errorf("no error is %v", got)
	}
	other := errors.New("disk")
	if got := template.Errors(fmt.Errorf("file: %w", errors.Join(template.Error{Path: "a", Text: "b"}, other))); len(got) != 1 {
		t.Errorf("an error that has others inside is %v", got)
	}
	if got := template.Errors(errors.Join(template.Error{Path: "a", Text: "b"}, other)); len(got) != 2 || got[1] != (template.Error{Text: "disk"}) {
		t.Errorf("two errors are %v", got)
	}
}

// TestPreview: a preview is XML that has a rectangle for each group and slot, shows hostile names as
// text, and has bounds however odd the shape is.
func TestPreview(t *testing.T) {
	for _, canvas := range []string{"", "16:9", "9:16", "1:99999", "99999:1"} {
		tm := parsed(t, `{"name":"x","canvas":"`+canvas+`","layouts":[{"max":2,"slots":[
		 {"at":[0,0,1,1],"who":"id:<script>alert('x')</script>&\"","z":-1},{"at":[0.5,0.5,0.5,0.5],"grid":true,"radius":500}]},{"slots":[{"at":[0,0,1,1]}]}]}`)
		var texts []string
		rects := 0
		d := xml.NewDecoder(strings.NewReader(string(tm.SVG())))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch token := token.(type) {
			case xml.CharData:
				texts = append(texts, string(token))
			case xml.StartElement:
				switch token.Name.Local {
				case "rect":
					rects++
				case "script":
					t.Error("a name becomes a script")
				}
			}
		}
		want := []string{"up to 2", `id:<script>alert('x')</script>&"`, "rest (grid)", "any number", "rest"}
		if diff := cmp.Diff(want, texts); diff != "" || rects != 5 {
			t.Errorf("%q: %d rectangles, %s", canvas, rects, diff)
		}
		var x, y, w, h int
		if _, err := fmt.Sscanf(string(tm.SVG()[strings.Index(string(tm.SVG()), "viewBox="):]), `viewBox="%d %d %d %d"`, &x, &y, &w, &h); err != nil || w != 336 || h < 100 || h > 3000 {
			t.Errorf("%q: the view is %d by %d: %v", canvas, w, h, err)
		}
	}
}

// fs is a file of FreeSWITCH with some layouts and groups.
func fs(layouts, groups string) string {
	return `<layout-settings><layouts>` + layouts + `</layouts><groups>` + groups + `</groups></layout-settings>`
}

// TestImportSlots translates what an image of FreeSWITCH says.
func TestImportSlots(t *testing.T) {
	for image, want := range map[string]template.Slot{
		`<image x="0" y="0" scale="360"/>`:                                 {At: template.Area{0, 0, 1, 1}, Fit: "contain"},
		`<image x="90" y="180" scale="90" hscale="45" zoom="true"/>`:       {At: template.Area{0.25, 0.5, 0.25, 0.125}, Fit: "cover"},
		`<image x="0" y="0" scale="360" floor="true"/>`:                    {At: template.Area{0, 0, 1, 1}, Fit: "contain", Who: "speaker|rest"},
		`<image x="0" y="0" scale="360" floor-only="true"/>`:               {At: template.Area{0, 0, 1, 1}, Fit: "contain", Who: "speaker"},
		`<image x="0" y="0" scale="360" reservation_id="presenter-left"/>`: {At: template.Area{0, 0, 1, 1}, Fit: "contain", Who: "screen|speaker|rest"},
		`<image x="0" y="0" scale="360" role-id="moderator"/>`:             {At: template.Area{0, 0, 1, 1}, Fit: "contain", Who: "role:moderator|rest"},
		`<image x="180" y="0" scale="181" hscale="90"/>`:                   {At: template.Area{0.5, 0, 0.5, 0.25}, Fit: "contain"}, // half a unit too wide
	} {
		all, err := template.Import([]byte(fs(`<layout name="x">`+image+`<image x="0" y="0" scale="9" file-only="true"/></layout>`, ``)), "")
		if err != nil {
			t.Errorf("%s: %v", image, err)
			continue
		}
		near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
		if diff := cmp.Diff([]template.Group{{Max: 1, Slots: []template.Slot{want}}}, all[0].Groups, near); diff != "" {
			t.Errorf("%s:\n%s", image, diff)
		}
	}
}

// TestImportNames: names become those that templates may have, and no two are the same.
func TestImportNames(t *testing.T) {
	const one = `<image x="0" y="0" scale="360"/>`
	var layouts strings.Builder
	for _, name := range []string{"2x2", "2X2", "2 x 2", "2+x+2", "", "", "Übersicht", "group-a", long(60), long(60) + "b", "../../etc"} {
		fmt.Fprintf(&layouts, `<layout name=%q>%s</layout>`, name, one)
	}
	all, err := template.Import([]byte(fs(layouts.String(), `<group name="a"><layout> 2x2 </layout><layout>gone</layout></group><group name="b"><layout>gone</layout></group>`)), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	want := []string{
		"fs-2x2", "fs-2x2-2", "fs-2-x-2", "fs-2-x-2-2", "fs-", "fs--2", "fs--bersicht", "fs-group-a", "fs-" + long(37), "fs-" + long(35) + "-2", "fs-..-..-etc",
		"fs-group-a-2",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Parse(text); err != nil {
		t.Errorf("what was imported cannot be read: %v", err)
	}
}

// TestImportHostile refuses at once what is made to hurt, and says why.
func TestImportHostile(t *testing.T) {
	for what, x := range map[string]struct{ data, says string }{
		"too long":       {strings.Repeat(" ", 1<<20+1), "are the most"},
		"many images":    {fs(`<layout name="x">`+strings.Repeat(`<image/>`, 20_000)+`</layout>`, ``), "64 are the most"},
		"many groups":    {fs(`<layout name="x"><image x="0" y="0" scale="360"/></layout>`, `<group name="g">`+strings.Repeat(`<layout>x</layout>`, 50_000)+`</group>`), "take 1 to 32"},
		"deep XML":       {strings.Repeat(`<a>`, 50_000), "it is no XML"},
		"deep JSON":      {strings.Repeat(`[`, 50_000), "it is no JSON"},
		"an entity":      {`<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><layouts>&b;</layouts>`, "it is no XML"},
		"a number":       {fs(`<layout name="x"><image x="left" y="0" scale="360"/></layout>`, ``), "invalid syntax"},
		"outside":        {fs(`<layout name="x"><image x="-1" y="0" scale="360"/></layout>`, ``), "outside of the canvas"},
		"a role":         {fs(`<layout name="x"><image x="0" y="0" scale="360" role-id="a|b"/></layout>`, ``), "none of speaker"},
		"no fraction":    {`{"a":[{"region":[{"area":{"left":"0","top":"0","width":"one","height":"1"}}]}]}`, `a[0].region[0].area: "one" is no fraction`},
		"numbers":        {`{"region":[{"area":{"left":0,"top":0,"width":1,"height":1}}]}`, "cannot unmarshal number"},
		"regions on top": {`{"region":[{"area":{"left":"0","top":"0","width":"1","height":"1"}},{"area":{"left":"0","top":"0","width":"1","height":"1"}}]}`, "overlaps slots[0]"},
	} {
		const most = 2 * time.Second
		least := time.Hour // of three tries, because others use the machine too
		for try := 0; try < 3 && least > most; try++ {
			began := time.Now()
			all, err := template.Import([]byte(x.data), "x")
			least = min(least, time.Since(began))
			if err == nil || !strings.Contains(err.Error(), x.says) || len(err.Error()) > 400 {
				t.Errorf("%s: %d layouts, error %.400v, want %q", what, len(all), err, x.says)
			}
		}
		if least > most {
			t.Errorf("%s takes %v", what, least)
		}
	}
}

// TestImportOverlap: what lies on others comes later, through a chain of them.
func TestImportOverlap(t *testing.T) {
	all, err := template.Import([]byte(fs(`<layout name="x"><image x="0" y="0" scale="180"/><image x="90" y="0" scale="180"/><image x="180" y="0" scale="180"/>
	 <image x="0" y="270" scale="90"/><image x="0" y="0" scale="360"/></layout>`, ``)), "")
	if err != nil {
		t.Fatal(err)
	}
	var z []int
	for _, s := range all[0].Groups[0].Slots {
		z = append(z, s.Z)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 0, 3}, z); diff != "" {
		t.Error(diff)
	}
	if got := whose(all[0].Place(image.Pt(640, 360), people(5))); got[4] != "p4" || got[3] != "p2" {
		t.Errorf("from back to front: %v", got)
	}
}
