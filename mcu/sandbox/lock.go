package sandbox

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Quota are what a process may have from now on.
type Quota struct {
	Memory uint64 // address space beyond what it has, bytes
	Files  uint64 // open files
}

// Level says which layers of the sandbox a process has.
type Level struct {
	Limits   bool // of memory, files and what it may write
	Landlock bool // no path and no network
	Seccomp  bool // a list of system calls
}

// Full is the level with every layer.
func Full() Level { return Level{Limits: true, Landlock: true, Seccomp: true} }

// Layers returns all layers by their names, and whether the process has them.
func (l Level) Layers() iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		_ = yield("limits", l.Limits) && yield("landlock", l.Landlock) && yield("seccomp", l.Seccomp)
	}
}

// String names the layers, or says that there is none.
func (l Level) String() string {
	var names []string
	for name, on := range l.Layers() {
		if on {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, "+")
}

// MarshalText is String, for logs in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Bits returns the level as a byte, for another process of this program. See [LevelOf].
func (l Level) Bits() (bits uint8) {
	at := uint8(1)
	for _, on := range l.Layers() {
		if on {
			bits |= at
		}
		at <<= 1
	}
	return bits
}

// LevelOf returns the level of which Bits made a byte.
func LevelOf(bits uint8) Level {
	return Level{Limits: bits&1 != 0, Landlock: bits&2 != 0, Seccomp: bits&4 != 0}
}

// Lock locks the process in for good: all its threads, and those that it makes later. It returns
// the layers that the kernel gave, and why others are missing. Libraries and files that the process
// needs must be open before.
func Lock(q Quota) (Level, error) {
	var level Level
	limited := limit(q)
	level.Limits = limited == nil
	paths := Landlock()
	level.Landlock = paths == nil
	filtered := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy(os.Getpid())})
	level.Seccomp = filtered == nil
	if filtered != nil {
		filtered = fmt.Errorf("seccomp: %w", filtered)
	}
	return level, errors.Join(limited, paths, filtered)
}

// Landlock takes all paths and the network from the process, as far as the kernel can.
func Landlock() error {
	if err := landlock.V6.BestEffort().Restrict(); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if !landlocked() {
		return errors.New("landlock: the kernel has none")
	}
	return nil
}

// landlocked tells whether the process can open a file no more: a kernel without Landlock restricts
// nothing, and BestEffort says nothing of it.
func landlocked() bool {
	f, err := os.Open("/")
	if err == nil {
		_ = f.Close()
	}
	return errors.Is(err, unix.EACCES)
}

// limit sets the limits of the kernel, which no process raises again. Where the process has less
// already, it keeps that. One that fails does not keep the others from being set.
func limit(q Quota) error {
	used, err := addressSpace()
	if err != nil {
		return err
	}
	for _, r := range []struct {
		name     string
		resource int
		most     uint64
	}{
		{"address space", unix.RLIMIT_AS, used + q.Memory},
		{"open files", unix.RLIMIT_NOFILE, q.Files},
		{"core files", unix.RLIMIT_CORE, 0},
		{"file size", unix.RLIMIT_FSIZE, 0},
	} {
		if e := bound(r.resource, r.most); e != nil {
			err = errors.Join(err, fmt.Errorf("limit of %s: %w", r.name, e))
		}
	}
	return err
}

// bound sets a limit, unless it is lower already.
func bound(resource int, most uint64) error {
	var has unix.Rlimit
	if unix.Getrlimit(resource, &has) == nil {
		most = min(most, has.Max)
	}
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most})
}

// addressSpace returns the bytes that the process has mapped (proc(5), statm).
func addressSpace() (uint64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read the size of the process: %w", err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		return 0, fmt.Errorf("read the size of the process: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
