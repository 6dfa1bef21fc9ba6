package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"
)

const (
	// pidFile has the process of the server, in the data folder.
	pidFile = "tilemix.pid"
	// answerFile has what the last reload did, in the data folder.
	answerFile = "tilemix.reload"
	// answerWait (10 s) is the longest time for a server to read its settings.
	answerWait = 10 * time.Second
)

// answer says what a reload did. Settings are named by their flags.
type answer struct {
	Begun   int64    `json:"begun"`             // ns of the machine's clock that nobody sets
	Error   string   `json:"error,omitempty"`   // why all stays as it was
	Changed []string `json:"changed,omitempty"` // those that hold from now on
	Rooms   []string `json:"rooms,omitempty"`   // those that hold for rooms that begin from now on
	Restart []string `json:"restart,omitempty"` // those that differ from those by which the server began
}

// now returns the time of the clock that nobody sets, in ns.
func now() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) // each kernel has it
	return t.Nano()
}

// write puts the answer into a file, whole or not at all.
func (a answer) write(path string) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+"~", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+"~", path)
}

// String says it in sentences.
func (a answer) String() string {
	var all []string
	for _, part := range []struct {
		what  string
		names []string
	}{
		{"Changed: %s.", a.Changed},
		{"Changed for rooms that begin from now on: %s.", a.Rooms},
		{"Changed in the settings, and in need of a restart: %s.", a.Restart},
	} {
		if len(part.names) > 0 {
			all = append(all, fmt.Sprintf(part.what, strings.Join(part.names, ", ")))
		}
	}
	if len(all) == 0 {
		return "The server has read its settings. None has changed."
	}
	return strings.Join(all, "\n")
}

// reloadCommand is "tilemix reload".
type reloadCommand struct {
	DataDir string `default:"data" placeholder:"DIR" help:"Folder of the server's data, as the server has it."`
}

// Run asks a server on this machine to read its settings again, and prints what has changed. It fails if
// the settings have a mistake.
func (c *reloadCommand) Run(app *kong.Kong) error {
	pid, err := processOf(c.DataDir)
	if err != nil {
		return err
	}
	asked := now()
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	said, err := awaitAnswer(filepath.Join(c.DataDir, answerFile), asked)
	if err != nil {
		return err
	}
	if said.Error != "" {
		return fmt.Errorf("the settings stay as they were: %s", said.Error)
	}
	_, err = fmt.Fprintln(app.Stdout, said)
	return err
}

// processOf returns the process of the server that has a data folder.
func processOf(dir string) (pid int, err error) {
	path := filepath.Join(dir, pidFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("no server runs with the data folder %s: %w", dir, err)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("%s has no process: %q", path, text)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err != nil || strings.TrimSpace(string(name)) != "tilemix" {
		return 0, fmt.Errorf("process %d of %s is not tilemix: the server has ended", pid, path)
	}
	return pid, nil
}

// awaitAnswer waits for the answer to a request.
func awaitAnswer(path string, asked int64) (answer, error) {
	for end := time.Now().Add(answerWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var a answer
		data, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(data, &a) == nil && a.Begun >= asked {
			return a, nil
		}
	}
	return answer{}, fmt.Errorf("the server has not answered within %v in %s: its log says what has changed", answerWait, path)
}

// notePID writes the process into the data folder. forget takes it away, and the last answer.
func notePID(dir string) (forget func(), err error) {
	path := filepath.Join(dir, pidFile)
	if err := errors.Join(os.MkdirAll(dir, 0o750), os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)); err != nil {
		return func() {}, err
	}
	return func() { _, _ = os.Remove(path), os.Remove(filepath.Join(dir, answerFile)) }, nil
}
