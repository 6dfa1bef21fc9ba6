package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"tilemix/cmd/tilemix/notify"
)

// reloader reads the settings again at SIGHUP. Certificates, keys and tokens are read again without
// it, as soon as their files change.
type reloader struct {
	signals chan os.Signal
	args    []string // of the program, from "serve" on
	level   *slog.LevelVar
	systemd notify.Supervisor
	log     *slog.Logger

	began map[string]any // the settings by which the server runs, by flag
}

// newReloader takes note of SIGHUP from now on, which ends no server any more.
func newReloader(args []string, level *slog.LevelVar, log *slog.Logger) *reloader {
	r := &reloader{signals: make(chan os.Signal, 1), args: args, level: level, systemd: notify.New(), log: log}
	_, r.began, _ = parseSettings(args) // the program has parsed them before
	signal.Notify(r.signals, syscall.SIGHUP)
	return r
}

// Run reads the settings again at each SIGHUP, until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	defer signal.Stop(r.signals)
	for {
		select {
		case <-r.signals:
			_ = r.systemd.Reloading()
			r.reload()
			_ = r.systemd.Ready("serves")
		case <-ctx.Done():
			return nil
		}
	}
}

// reload takes over what can change while the server runs, and names the rest. Settings that are
// not good change nothing.
func (r *reloader) reload() {
	s, now, err := parseSettings(r.args)
	if err == nil {
		err = verify(s)
	}
	if err != nil {
		r.log.Error("the settings stay as they were", "error", err)
		return
	}
	var restart []string
	for _, name := range changed(r.began, now) {
		switch name {
		case "log-level":
			r.level.Set(s.level())
			r.began[name] = now[name]
		default:
			restart = append(restart, "--"+name)
		}
	}
	r.log.Info("settings read again", "log_level", s.LogLevel)
	if len(restart) > 0 {
		r.log.Warn("settings have changed that need a restart", "settings", strings.Join(restart, " "))
	}
}

// changed returns the flags whose values differ, sorted.
func changed(was, now map[string]any) (names []string) {
	for name, value := range now {
		if !reflect.DeepEqual(value, was[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reloadCommand is "tilemix reload".
type reloadCommand struct {
	DataDir string `default:"data" placeholder:"DIR" help:"Folder of the server's data, as the server has it."`
}

// pidFile has the process of the server in the data folder.
const pidFile = "tilemix.pid"

// Run asks a server on this machine to read its settings again. The server's log says what changed.
func (c *reloadCommand) Run(app *kong.Kong) error {
	path := filepath.Join(c.DataDir, pidFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("no server runs with the data folder %s: %w", c.DataDir, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("%s has no process: %q", path, text)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err != nil || strings.TrimSpace(string(name)) != "tilemix" {
		return fmt.Errorf("process %d of %s is not tilemix: the server has ended", pid, path)
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	_, err = fmt.Fprintln(app.Stdout, "The server reads its settings again. Its log says what has changed.")
	return err
}

// notePID writes the process into the data folder. forget takes it away.
func notePID(dir string) (forget func(), err error) {
	path := filepath.Join(dir, pidFile)
	if err := errors.Join(os.MkdirAll(dir, 0o750), os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)); err != nil {
		return func() {}, err
	}
	return func() { _ = os.Remove(path) }, nil
}
