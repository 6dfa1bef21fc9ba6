package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"tilemix/signaling/access/key"
)

// keyCommand has the commands for API keys. A server sees what they change with the next request.
type keyCommand struct {
	DataDir string `default:"data" placeholder:"DIR" help:"Folder of the server's data, as the server has it."`

	Add    keyAdd    `cmd:"" help:"Make a key and print it. Nobody can see it again."`
	List   keyList   `cmd:"" help:"List the keys: scopes, rooms, last use, end."`
	Remove keyRemove `cmd:"" help:"Remove a key. It fails with the next request."`
}

// keyFolder is where keys are, apart from recordings: those are all JSON files of the data folder.
func keyFolder(dataDir string) string { return filepath.Join(dataDir, "keys") }

type keyAdd struct {
	Name    string   `arg:"" help:"Name of the key in lists and logs."`
	Scope   []string `required:"" placeholder:"SCOPE" help:"What the key may do: rooms:read, rooms:write, moderate, record, metrics, join. Repeatable."`
	Room    string   `default:"*" placeholder:"PATTERN" help:"Rooms that the key is for: a name, or a pattern such as 'exam-*'. By default all."`
	Expires lifetime `placeholder:"TIME" help:"Time after which the key ends, such as 90d or 12h. By default never."`
}

// Run makes a key. The key alone goes to standard output, so that scripts can take it.
func (c *keyAdd) Run(parent *keyCommand, app *kong.Kong) error {
	now := time.Now()
	k := key.Key{Name: c.Name, Scopes: c.Scope, Rooms: c.Room}
	if c.Expires > 0 {
		k.Expires = now.Add(time.Duration(c.Expires)).UTC().Truncate(time.Second)
	}
	secret, err := key.Add(keyFolder(parent.DataDir), k, now)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(app.Stdout, secret); err != nil {
		return errors.Join(err, key.Remove(keyFolder(parent.DataDir), c.Name)) // nobody has seen it
	}
	fmt.Fprintf(app.Stderr, "Keep the key %q now: it cannot be shown again.\n", c.Name)
	return nil
}

type keyList struct{}

// Run lists the keys.
func (keyList) Run(parent *keyCommand, app *kong.Kong) error {
	keys, err := key.List(keyFolder(parent.DataDir))
	if err != nil {
		return err
	}
	day := func(t time.Time, none string) string {
		if t.IsZero() {
			return none
		}
		return t.UTC().Format("2006-01-02 15:04")
	}
	table := tabwriter.NewWriter(app.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSCOPES\tROOMS\tCREATED\tLAST USE\tEXPIRES")
	for _, k := range keys {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, strings.Join(k.Scopes, ","), k.Rooms, day(k.Created, "-"), day(k.Used, "-"), day(k.Expires, "never"))
	}
	return table.Flush()
}

type keyRemove struct {
	Name string `arg:"" help:"Name of the key."`
}

// Run removes a key.
func (c *keyRemove) Run(parent *keyCommand) error {
	return key.Remove(keyFolder(parent.DataDir), c.Name)
}

// lifetime is a length of time above zero, in days too.
type lifetime time.Duration

// UnmarshalText reads a lifetime: 90d, or what [time.ParseDuration] takes.
func (l *lifetime) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("must be a length of time such as 90d or 12h, not %q", text)
	}
	*l = lifetime(d)
	return nil
}
