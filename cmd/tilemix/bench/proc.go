package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc, USER_HZ.
const tick = 10 * time.Millisecond

var errStat = errors.New("cannot be read")

// parseStat reads utime and stime of /proc/PID/stat (proc_pid_stat(5)).
func parseStat(stat []byte) (time.Duration, error) {
	// The second field is the program's name in parentheses; it may hold any.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("process status %w", errStat)
	}
	var sum uint64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("process status %w: %w", errStat, err)
		}
		sum += n
	}
	return time.Duration(sum) * tick, nil
}

// parseMachine reads the first line of /proc/stat (proc_stat(5)): how long all
// processors were busy, and in all.
func parseMachine(stat []byte) (busy, all time.Duration, err error) {
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("machine status %w", errStat)
	}
	for i, f := range fields[1:9] {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("machine status %w: %w", errStat, err)
		}
		all += time.Duration(n) * tick
		if i != 3 && i != 4 { // idle, iowait
			busy += time.Duration(n) * tick
		}
	}
	return busy, all, nil
}

// parseRSS reads VmRSS of /proc/PID/status, in bytes.
func parseRSS(status []byte) (int64, error) {
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("resident memory %w", errStat)
}

// usage is what processes and the machine have used at a time.
type usage struct {
	at                           time.Time
	process, own, busy, capacity time.Duration
	children                     time.Duration // of the process
	rss                          int64
}

// look reads the usage of a process, of this one, and of the machine.
func look(pid int) (usage, error) {
	u := usage{at: time.Now()}
	var err error
	if u.process, err = cpuOf(pid); err != nil {
		return u, err
	}
	if u.own, err = cpuOf(os.Getpid()); err != nil {
		return u, err
	}
	u.children = cpuOfChildren(pid, 0)
	u.own += cpuOfChildren(os.Getpid(), pid)
	machine, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	if u.busy, u.capacity, err = parseMachine(machine); err != nil {
		return u, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	u.rss, err = parseRSS(status)
	return u, err
}

func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(stat)
}

// cpuOfChildren is what those children of a process that live, but for one, have used.
func cpuOfChildren(pid, but int) (sum time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task) // its thread may have ended
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil && n != but {
				used, _ := cpuOf(n)
				sum += used
			}
		}
	}
	return sum
}

// spent is what was used between two looks, in ms of CPU a second.
type spent struct {
	server, bots, others float64
	children             float64 // of the server
	idle                 float64 // share of the machine
	ticks                int64   // of the server
}

func (u usage) since(before usage) spent {
	seconds := u.at.Sub(before.at).Seconds()
	rate := func(d time.Duration) float64 { return d.Seconds() * 1000 / seconds }
	s := spent{
		server: rate(u.process - before.process), bots: rate(u.own - before.own),
		children: rate(u.children - before.children),
		ticks:    int64((u.process - before.process) / tick),
	}
	s.others = max(0, rate(u.busy-before.busy)-s.server-s.bots-s.children)
	if all := u.capacity - before.capacity; all > 0 {
		s.idle = 1 - float64(u.busy-before.busy)/float64(all)
	}
	return s
}
