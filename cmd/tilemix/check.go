package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"tilemix/codec/h264"
	"tilemix/signaling/access/token"
	"tilemix/signaling/certs"
)

// checkCommand is "tilemix check-config".
type checkCommand struct {
	File string `arg:"" optional:"" placeholder:"FILE" help:"Settings file. By default the one of TILEMIX_CONFIG, or none: then the environment alone is checked."`
}

// Run checks a settings file with the environment, as serve would take them, and opens nothing.
func (c *checkCommand) Run(app *kong.Kong) error {
	args := []string{"serve"}
	if c.File != "" {
		args = append(args, "--config", c.File)
	}
	s, _, err := parseSettings(args)
	if err != nil {
		return err
	}
	if err := h264.Open(s.OpenH264); err != nil {
		return err
	}
	if err := verify(s); err != nil {
		return err
	}
	if names := strangers(app); len(names) > 0 {
		fmt.Fprintf(app.Stderr, "Variables of the environment that are no settings: %s\n", strings.Join(names, ", "))
	}
	_, err = fmt.Fprintln(app.Stdout, "The settings are good.")
	return err
}

// parseSettings returns the settings of a command line, which begins with serve, and its flags with
// their values.
func parseSettings(args []string) (*settings, []*kong.Flag, error) {
	var commands commands
	parser, err := newParser(&commands)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return nil, nil, err
	}
	return &commands.Serve.settings, chosen.Selected().Flags, nil
}

// verify returns why a server with these settings would not start, as far as files say it. OpenH264
// is open.
func verify(s *settings) error {
	_, listen := listenAddress(s)
	var useless error
	if idle := s.idle(); idle != "" {
		useless = fmt.Errorf("%s does nothing with --tls %s", idle, s.TLS)
	}
	if err := errors.Join(listen, useless, s.config().Check(), hooksOf(s).Check(), s.copies(s.DataDir, nil).Check()); err != nil {
		return err
	}
	silent := slog.New(slog.DiscardHandler)
	if _, err := newTraces(&s.operateSettings, new(knobs), silent); err != nil {
		return err
	}
	if s.TLS == "files" {
		if s.TLSCert == "" || s.TLSKey == "" {
			return errors.New("--tls files needs --tls-cert FILE and --tls-key FILE")
		}
		if _, err := certs.NewFiles(s.TLSCert, s.TLSKey, silent); err != nil {
			return err
		}
	}
	cfg := token.Default()
	cfg.Files = s.TokenKeys
	if len(s.TokenKeys) == 0 && s.JWKS == "" && s.Auth == "token" {
		return errors.New("--auth token needs keys that tokens are signed with: --token-key FILE, or --jwks URL")
	}
	_, err := token.Open(cfg, silent)
	return err
}

// strangers returns the variables of the environment that look like settings and are none.
func strangers(app *kong.Kong) (names []string) {
	known := map[string]bool{}
	for _, command := range app.Model.Children {
		for _, flag := range command.AllFlags(false) {
			for _, f := range flag {
				for _, name := range f.Envs {
					known[name] = true
				}
			}
		}
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TILEMIX_") && !known[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// healthCommand is "tilemix health", for supervisors that can only run a program.
type healthCommand struct {
	URL string `arg:"" optional:"" placeholder:"URL" help:"Address of the server. By default that of the settings in the environment, on this machine."`
}

// healthTimeout is the time for a server to answer.
const healthTimeout = 3 * time.Second

// Run asks a server whether it takes calls, and fails if it does not.
func (c *healthCommand) Run(app *kong.Kong) error {
	at := c.URL
	if at == "" {
		s, _, err := parseSettings([]string{"serve"})
		if err != nil {
			return err
		}
		if at, err = here(s); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(at, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(at), DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxHeader))
	fmt.Fprintf(app.Stdout, "%s", body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not ready: %s", response.Status)
	}
	return nil
}

// here returns the address of a server with these settings, on this machine.
func here(s *settings) (string, error) {
	at, err := listenAddress(s)
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "https"
	if s.TLS == "off" {
		scheme = "http"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + string(s.PathPrefix), nil
}

// trusting returns how a server is trusted: one on this machine has a certificate for other names.
func trusting(at string) *tls.Config {
	u, err := url.Parse(at)
	if err != nil {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return &tls.Config{InsecureSkipVerify: local} //nolint:gosec // it never leaves this machine
}
