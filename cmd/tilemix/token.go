package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"tilemix/mcu"
	"tilemix/signaling/access/token"
)

// tokenCommand is "tilemix token".
type tokenCommand struct {
	Room     string   `required:"" placeholder:"NAME" env:"-" help:"Room that the token is for: a name, or a pattern such as 'exam-*'."`
	Role     string   `default:"participant" placeholder:"ROLE" env:"-" help:"Role of the user: participant, interpreter, viewer, host or recorder."`
	Name     string   `placeholder:"NAME" env:"-" help:"What the user is called. By default the user chooses."`
	Identity string   `placeholder:"ID" env:"-" help:"The user's identity, which bans are for."`
	Expires  lifetime `default:"1h" placeholder:"TIME" env:"-" help:"Time after which nobody joins by the token, such as 30m or 7d."`
	Key      string   `placeholder:"FILE" env:"-" help:"File with the secret that signs the token. By default the first secret of the server's --token-key."`
	Config   string   `placeholder:"FILE" help:"Settings file of the server."`
	Link     bool     `env:"-" help:"Print a link to the room with the token instead of the token."`
	URL      string   `name:"url" placeholder:"URL" env:"-" help:"Address of the server for --link, such as https://meet.example.org. By default that of the settings, on this machine."`
}

var errLinkRoom = errors.New("--link needs one room, and not a pattern: name it with --room")

// Run prints a token that a server with these settings takes.
func (c *tokenCommand) Run(app *kong.Kong) error {
	args := []string{"serve"}
	if c.Config != "" {
		args = append(args, "--config", c.Config)
	}
	s, _, err := parseSettings(args)
	if err != nil {
		return err
	}
	keys := s.TokenKeys
	if c.Key != "" {
		keys = []string{c.Key}
	}
	text, err := token.Make(keys, token.Wanted{
		Identity: c.Identity, Name: c.Name, Room: c.Room, Role: c.Role, Expires: time.Now().Add(time.Duration(c.Expires)),
	})
	if err != nil {
		return fmt.Errorf("no token: %w", err)
	}
	if c.Link {
		if text, err = c.link(s, text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(app.Stdout, text)
	return err
}

// link returns the address of the call page with a token, in the part that browsers send to no server.
func (c *tokenCommand) link(s *settings, text string) (string, error) {
	if mcu.CheckRoomName(c.Room) != nil {
		return "", errLinkRoom
	}
	base := c.URL
	if base == "" {
		var err error
		if base, err = here(s); err != nil {
			return "", err
		}
	}
	if u, err := url.Parse(base); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("--url %q is no address of a server: it must be one such as https://meet.example.org", base)
	}
	return strings.TrimRight(base, "/") + "/r/" + url.PathEscape(c.Room) + "#i=" + text, nil
}
