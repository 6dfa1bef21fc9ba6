package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
)

// layoutFile is a setting: the layouts of a file.
type layoutFile struct {
	all  []layout.Layout
	text string // of the file, by which one is like another
}

// UnmarshalText reads the file of a name.
func (f *layoutFile) UnmarshalText(name []byte) error {
	if len(name) == 0 {
		return nil
	}
	all, err := readLayouts(string(name))
	f.all = nil
	for i := range all {
		f.all = append(f.all, all[i].Layout())
	}
	text, _ := json.Marshal(all) // as it was read
	f.text = string(text)
	return err
}

// readLayouts reads the templates of a file. Its errors name the file.
func readLayouts(name string) ([]template.Template, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	all, err := template.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// layoutsCommand has the commands for layouts.
type layoutsCommand struct {
	Check  layoutsCheck  `cmd:"" help:"Say what is wrong with a file of layouts. The exit code is 1 if anything is."`
	Import layoutsImport `cmd:"" help:"Print layouts of FreeSWITCH (conference_layouts.conf.xml) or OWT (JSON with regions) as layouts of this server."`
}

type layoutsCheck struct {
	File    string `arg:"" help:"File of layouts."`
	Preview string `placeholder:"FILE" help:"SVG file for a preview of the first layout."`
}

// Run checks a file.
func (c *layoutsCheck) Run(app *kong.Kong) error {
	all, err := readLayouts(c.File)
	if err != nil {
		return err
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	fmt.Fprintf(app.Stdout, "%s: %s\n", c.File, strings.Join(names, ", "))
	if c.Preview == "" || len(all) == 0 {
		return nil
	}
	return os.WriteFile(c.Preview, all[0].SVG(), 0o600)
}

type layoutsImport struct {
	File string `arg:"" help:"File of the other server."`
}

// Run prints what a file of another server has.
func (c *layoutsImport) Run(app *kong.Kong) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	all, err := template.Import(data, strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File)))
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return errors.Join(errors.New("write layouts"), err)
	}
	_, err = fmt.Fprintf(app.Stdout, "%s\n", text)
	return err
}
