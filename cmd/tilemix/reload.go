package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
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
	knobs   *knobs
	systemd notify.Supervisor
	log     *slog.Logger

	flags []*kong.Flag
	began map[string]any // the settings by which the server runs, by flag

	// serves sets these.
	house  *house
	door   *door
	answer string // file that says what the last reload did
}

// newReloader takes note of SIGHUP from now on, which ends no server any more.
func newReloader(args []string, k *knobs, log *slog.Logger) *reloader {
	r := &reloader{signals: make(chan os.Signal, 1), args: args, knobs: k, systemd: notify.New(), log: log}
	_, r.flags, _ = parseSettings(args) // the program has parsed them before
	r.began = valuesOf(r.flags)
	signal.Notify(r.signals, syscall.SIGHUP)
	return r
}

// serves says what takes changes over. It is called before Run.
func (r *reloader) serves(h *house, d *door, dataDir string) {
	r.house, r.door, r.answer = h, d, filepath.Join(dataDir, answerFile)
}

// Run reads the settings again at each SIGHUP, until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	defer signal.Stop(r.signals)
	for {
		select {
		case <-r.signals:
			drains := r.house.drain.Err() != nil // systemd has heard that the server stops
			if !drains {
				_ = r.systemd.Reloading()
			}
			begun := now()
			said := r.reload()
			said.Begun = begun
			if err := said.write(r.answer); err != nil {
				r.log.Warn("tilemix reload gets no answer", "reason", err)
			}
			if !drains {
				_ = r.systemd.Ready("serves")
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// reload takes over what can change while the server runs, and names the rest. Settings that are
// not good change nothing.
func (r *reloader) reload() (said answer) {
	s, flags, err := parseSettings(r.args)
	if err == nil {
		err = verify(s)
	}
	if err != nil {
		r.log.Error("the settings stay as they were", "error", err)
		return answer{Error: err.Error()}
	}
	values, anew := valuesOf(flags), map[string]string{}
	for _, f := range flags {
		anew[f.Name] = f.Tag.Get(reloadTag)
	}
	for _, name := range changed(r.began, values) {
		switch flag := "--" + name; {
		case anew[name] == "" || name == "host" && r.moves(s):
			said.Restart = append(said.Restart, flag)
			continue
		case anew[name] == "rooms":
			said.Rooms = append(said.Rooms, flag)
		default:
			said.Changed = append(said.Changed, flag)
		}
		r.began[name] = values[name]
	}
	r.knobs.set(&s.operateSettings)
	if len(said.Changed)+len(said.Rooms) > 0 {
		r.door.rename(s.names())
		if err := r.house.changes.take(s); err != nil {
			r.log.Error("not all settings have changed", "error", err)
			said.Error = err.Error()
		}
	}
	r.log.Info("settings read again", "log_level", s.LogLevel, "changed", strings.Join(said.Changed, " "), "new_rooms", strings.Join(said.Rooms, " "))
	if len(said.Restart) > 0 {
		r.log.Warn("settings have changed that need a restart", "settings", strings.Join(said.Restart, " "))
	}
	return said
}

// moves says that media would listen elsewhere with other names of the server.
func (r *reloader) moves(s *settings) bool {
	was, _ := r.began["host"].([]hostName)
	before := *s
	before.Hosts = was
	at := r.door.listener.Addr()
	_, localBefore, _ := mediaAddresses(&before, at)
	_, localNow, _ := mediaAddresses(s, at)
	return localBefore != localNow
}

// reloadTag is the tag of a setting that says what takes it over.
const reloadTag = "reload"

// valuesOf returns the value of each flag.
func valuesOf(flags []*kong.Flag) map[string]any {
	values := map[string]any{}
	for _, flag := range flags {
		values[flag.Name] = flag.Target.Interface()
		if file, ok := values[flag.Name].(layoutFile); ok {
			values[flag.Name] = file.text // functions cannot be compared
		}
	}
	return values
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
