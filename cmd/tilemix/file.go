package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// BeforeResolve reads the settings file, once kong knows its name.
func (*serveCommand) BeforeResolve(ctx *kong.Context) error {
	flags := ctx.Selected().Flags
	for _, flag := range flags {
		if flag.Name != "config" {
			continue
		}
		path, _ := ctx.FlagValue(flag).(string)
		if path == "" {
			return nil
		}
		file, err := readSettingsFile(path, flags)
		if err != nil {
			return err
		}
		ctx.AddResolver(file)
	}
	return nil
}

// settingsFile is the text of each setting in the YAML file, by the flag's name. It is a
// kong.Resolver.
type settingsFile map[string]string

// readSettingsFile reads a file and checks each line. An unknown key, or a value that the
// flag refuses, is an error that names file, line and key. Each such error has a line of text.
func readSettingsFile(path string, flags []*kong.Flag) (settingsFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	entries, err := parseEntries(data)
	if err != nil {
		return nil, atLine(path, err)
	}
	file := settingsFile{}
	var faults []error
	for _, entry := range entries {
		key := entry.Key.GetToken().Value
		flag := flagNamed(flags, key)
		if near := nearest(flags, key); flag == nil && near != "" {
			faults = append(faults, fmt.Errorf("%s:%s: %s: unknown key; did you mean %s?", path, place(entry.Key.GetToken()), key, near))
			continue
		}
		value, err := settingText(entry, flag)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%s: %s: %w", path, place(entry.Key.GetToken()), key, err))
		}
		file[key] = value
	}
	return file, errors.Join(faults...)
}

// Validate is part of kong.Resolver. readSettingsFile has validated the file.
func (settingsFile) Validate(*kong.Application) error { return nil }

// Resolve returns the flag's text, unless the environment sets the flag, because kong ranks
// a resolver above the environment.
func (f settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	if text, ok := f[flag.Name]; ok {
		return text, nil
	}
	return nil, nil
}

// parseEntries returns the entries of the one mapping that data is.
func parseEntries(data []byte) ([]*ast.MappingValueNode, error) {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, err
	}
	var entries []*ast.MappingValueNode
	for _, doc := range tree.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode:
		case *ast.MappingNode:
			entries = append(entries, body.Values...)
		case *ast.MappingValueNode:
			entries = append(entries, body)
		default:
			return nil, errors.New("must be lines of the form key: value")
		}
	}
	return entries, nil
}

// atLine puts file and line in front of a message of the YAML parser.
func atLine(path string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("%s:%s: %s", path, place(at.GetToken()), at.GetMessage())
	}
	return fmt.Errorf("%s: %w", path, err)
}

// place returns line and column, from 1.
func place(t *token.Token) string {
	return fmt.Sprintf("%d:%d", t.Position.Line, t.Position.Column)
}

// flagNamed returns the flag of a key, or nil if a file may not have that key.
func flagNamed(flags []*kong.Flag, key string) *kong.Flag {
	for _, flag := range flags {
		if flag.Name == key && key != "config" && key != "help" {
			return flag
		}
	}
	return nil
}

// nearest returns the key that a wrong one was to be, if one differs by two letters at most.
func nearest(flags []*kong.Flag, key string) (near string) {
	for _, flag := range flags {
		if distance(flag.Name, key) <= min(2, len(key)/3) && flagNamed(flags, flag.Name) != nil {
			near = flag.Name
		}
	}
	return near
}

// distance is how many letters are to be added, removed or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the part of a so far
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// settingText returns an entry's value as the flag's text, after a try that the flag
// accepts it.
func settingText(entry *ast.MappingValueNode, flag *kong.Flag) (string, error) {
	if flag == nil {
		return "", errors.New("unknown key; tilemix serve --help lists them")
	}
	var text string
	if list, ok := entry.Value.(*ast.SequenceNode); ok && flag.IsSlice() {
		var parts []string
		for _, item := range list.Values {
			part, err := scalarText(item, flag)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		text = kong.JoinEscaped(parts, flag.Tag.Sep)
	} else {
		var err error
		if text, err = scalarText(entry.Value, flag); err != nil {
			return "", err
		}
	}
	return text, try(flag, text)
}

// scalarText returns the text of a value that is neither list nor mapping.
func scalarText(node ast.Node, flag *kong.Flag) (string, error) {
	number := flag.Target.Kind() == reflect.Int
	switch node := node.(type) {
	case *ast.StringNode:
		if number {
			return "", fmt.Errorf("must be a number, not the text %q", node.Value)
		}
		return node.Value, nil
	case *ast.IntegerNode:
		if !number {
			return "", fmt.Errorf("must be text, not the number %s", node.Token.Value)
		}
		return node.Token.Value, nil
	case *ast.BoolNode:
		if flag.IsBool() {
			return node.Token.Value, nil
		}
		return "", fmt.Errorf("must not be %s: write text in quotes", node.Token.Value)
	case *ast.NullNode:
		return "", errors.New("has no value")
	case *ast.FloatNode:
		return "", fmt.Errorf("must be a whole number, not %s", node.Token.Value)
	case *ast.SequenceNode:
		return "", errors.New("takes one value, not a list")
	case *ast.MappingNode, *ast.MappingValueNode:
		return "", errors.New("takes a value, not keys of its own")
	}
	return "", fmt.Errorf("cannot be a %s", strings.ToLower(node.Type().String()))
}

// try parses text as kong does, but sets nothing.
func try(flag *kong.Flag, text string) error {
	if flag.Enum != "" && !flag.EnumMap()[text] {
		return fmt.Errorf("must be one of %s, not %q", flag.Enum, text)
	}
	scratch := reflect.New(flag.Target.Type()).Elem()
	err := flag.Parse(kong.Scan().PushTyped(text, kong.FlagValueToken), scratch)
	if inner := errors.Unwrap(err); inner != nil {
		return inner // the flag's name is left out, because the error has the key
	}
	return err
}
