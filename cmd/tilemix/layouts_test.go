package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestLayoutCommands imports a layout of FreeSWITCH, checks what comes out, and has the server's
// setting read it.
func TestLayoutCommands(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	xml := write("layouts.xml", `<layouts><layout name="2x1"><image x="0" y="90" scale="180"/><image x="180" y="90" scale="180"/></layout></layouts>`)
	var out bytes.Buffer
	app := &kong.Kong{Stdout: &out}
	if err := (&layoutsImport{File: xml}).Run(app); err != nil {
		t.Fatal(err)
	}
	made := write("made.json", out.String())
	out.Reset()
	preview := filepath.Join(folder, "preview.svg")
	if err := (&layoutsCheck{File: made, Preview: preview}).Run(app); err != nil || !strings.Contains(out.String(), "fs-2x1") {
		t.Errorf("%v, %s", err, &out)
	}
	if svg, err := os.ReadFile(preview); err != nil || !bytes.HasPrefix(svg, []byte("<svg")) {
		t.Errorf("the preview is %s, %v", svg, err)
	}
	var f layoutFile
	if err := f.UnmarshalText([]byte(made)); err != nil || len(f.all) != 1 || f.all[0].Name != "fs-2x1" {
		t.Errorf("%v, %v", f, err)
	}
	bad := write("bad.json", `{"name":"x","layouts":[{"slots":[{"at":[0,0,2,1]}]}]}`)
	if err := (&layoutsCheck{File: bad}).Run(app); err == nil || !strings.Contains(err.Error(), "layouts[0].slots[0].at: it is outside") {
		t.Errorf("%v", err)
	}
}
