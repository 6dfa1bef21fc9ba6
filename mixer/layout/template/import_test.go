package template_test

import (
	"encoding/json"
	"image"
	"testing"

	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
)

// freeswitch is of the form of conference_layouts.conf.xml: images on a canvas of 360 by 360 units.
const freeswitch = `<configuration name="conference_layouts.conf" description="Layouts">
  <layout-settings>
    <layouts>
      <layout name="1x1"><image x="0" y="0" scale="360" floor="true"/></layout>
      <layout name="2x2" auto-3d-position="true">
        <image x="0" y="0" scale="180"/> <image x="180" y="0" scale="180"/>
        <image x="0" y="180" scale="180"/> <image x="180" y="180" scale="180"/>
      </layout>
      <layout name="1up_top_left+5">
        <image x="0" y="0" scale="240" floor="true"/>
        <image x="240" y="0" scale="120"/> <image x="240" y="120" scale="120"/>
        <image x="0" y="240" scale="120"/> <image x="120" y="240" scale="120"/> <image x="240" y="240" scale="120"/>
      </layout>
      <layout name="overlaps" bgcolor="#000000">
        <image x="0" y="0" scale="360" floor-only="true"/> <image x="300" y="300" scale="60" overlap="true"/>
      </layout>
      <layout name="presenter-overlap">
        <image x="0" y="0" scale="360" reservation_id="presenter"/> <image x="5" y="5" scale="92" overlap="true" zoom="true"/>
      </layout>
      <layout name="2x1" auto-3d-position="true"><image x="0" y="90" scale="180" hscale="180"/><image x="180" y="90" scale="180"/></layout>
    </layouts>
    <groups>
      <group name="grid"><layout>2x2</layout><layout>1x1</layout></group>
    </groups>
  </layout-settings>
</configuration>`

// owt is of the form of OWT's video.layout.templates.
const owt = `{"video":{"layout":{"fitPolicy":"letterbox","templates":{"base":"void","custom":[
 {"region":[{"id":"1","shape":"rectangle","area":{"left":"0","top":"0","width":"1","height":"1"}}]},
 {"region":[
  {"id":"1","shape":"rectangle","area":{"left":"0","top":"0","width":"2/3","height":"2/3"}},
  {"id":"2","shape":"rectangle","area":{"left":"2/3","top":"0","width":"1/3","height":"1/3"}},
  {"id":"3","shape":"rectangle","area":{"left":"2/3","top":"1/3","width":"1/3","height":"1/3"}},
  {"id":"4","shape":"rectangle","area":{"left":"2/3","top":"2/3","width":"1/3","height":"1/3"}}]}]}}}}`

// imported returns where a template of an import has the tiles of n sources, by their number.
func imported(t *testing.T, data, name string, n int) []image.Rectangle {
	t.Helper()
	all, err := template.Import([]byte(data), "room")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if all, err = template.Parse(text); err != nil {
		t.Fatalf("what was imported cannot be read: %v", err)
	}
	who := make([]layout.Source, n)
	for i := range who {
		who[i] = source(string(rune('a' + i)))
	}
	if n > 0 {
		who[0].Speaker = true
	}
	places := make([]image.Rectangle, n)
	for i := range all {
		if all[i].Name != name {
			continue
		}
		for _, tile := range all[i].Place(image.Pt(1280, 720), who) {
			places[tile.Source.Participant[0]-'a'] = tile.Rect
		}
		return places
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// TestImport holds rectangles to what the other server makes of them on 1280x720, within two pixels.
func TestImport(t *testing.T) {
	third, half := func(x, y, w, h int) image.Rectangle {
		return image.Rect(x*1280/3, y*240, (x+w)*1280/3, (y+h)*240)
	}, func(x, y int) image.Rectangle { return image.Rect(x*640, y*360, x*640+640, y*360+360) }
	for _, x := range []struct {
		data, name string
		want       []image.Rectangle
	}{
		{freeswitch, "fs-1x1", []image.Rectangle{image.Rect(0, 0, 1280, 720)}},
		{freeswitch, "fs-2x2", []image.Rectangle{half(0, 0), half(1, 0), half(0, 1), half(1, 1)}},
		{freeswitch, "fs-1up_top_left-5", []image.Rectangle{
			third(0, 0, 2, 2), third(2, 0, 1, 1), third(2, 1, 1, 1), third(0, 2, 1, 1), third(1, 2, 1, 1), third(2, 2, 1, 1),
		}},
		{freeswitch, "fs-overlaps", []image.Rectangle{image.Rect(0, 0, 1280, 720), image.Rect(1067, 600, 1280, 720)}},
		{freeswitch, "fs-presenter-overlap", []image.Rectangle{image.Rect(0, 0, 1280, 720), image.Rect(18, 10, 345, 194)}},
		{freeswitch, "fs-2x1", []image.Rectangle{image.Rect(0, 180, 640, 540), image.Rect(640, 180, 1280, 540)}},
		{freeswitch, "fs-group-grid", []image.Rectangle{image.Rect(0, 0, 1280, 720)}},
		{freeswitch, "fs-group-grid", []image.Rectangle{half(0, 0), half(1, 0), half(0, 1)}},
		{owt, "owt-room", []image.Rectangle{image.Rect(0, 0, 1280, 720)}},
		{owt, "owt-room", []image.Rectangle{third(0, 0, 2, 2), third(2, 0, 1, 1), third(2, 1, 1, 1), third(2, 2, 1, 1)}},
	} {
		got := imported(t, x.data, x.name, len(x.want))
		for i, want := range x.want {
			d := []int{got[i].Min.X - want.Min.X, got[i].Min.Y - want.Min.Y, got[i].Max.X - want.Max.X, got[i].Max.Y - want.Max.Y}
			for _, off := range d {
				if off < -2 || off > 2 {
					t.Errorf("%s of %d: %d is at %v, not %v", x.name, len(x.want), i, got[i], want)
					break
				}
			}
		}
	}
}

// TestImportBad refuses what is no layout.
func TestImportBad(t *testing.T) {
	for _, data := range []string{
		``, `{}`, `[]`, `<a>`, `<configuration/>`, `<layouts><layout name="x"><image x="0" y="0" scale="NaN"/></layout></layouts>`,
		`<layouts><layout name="x"><image x="300" y="0" scale="200"/></layout></layouts>`, `<layouts><layout name="x"/></layouts>`,
		`{"region":[{"area":{"left":"1/0"}}]}`, `{"region":[5]}`, `{"region":[]}`,
	} {
		if all, err := template.Import([]byte(data), "x"); err == nil {
			t.Errorf("%s becomes %+v", data, all)
		}
	}
}
