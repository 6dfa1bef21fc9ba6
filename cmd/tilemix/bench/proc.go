package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc, USER_HZ.
const tick = 10 * time.Millisecond

var errStat = errors.New("cannot be read")

// process is what /proc/PID/stat says of a process.
type process struct {
	name string        // of its program
	used time.Duration // user and system time
	gone time.Duration // the same of its children that have ended
}

// parseStat reads /proc/PID/stat (proc_pid_stat(5)).
func parseStat(stat []byte) (p process, err error) {
	// The second field is the program's name in parentheses; it may hold any.
	first, last := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if first < 0 || last < first {
		return p, fmt.Errorf("process status %w", errStat)
	}
	p.name = string(stat[first+1 : last])
	fields := strings.Fields(string(stat[last+1:]))
	if len(fields) < 15 {
		return p, fmt.Errorf("process status %w", errStat)
	}
	for i, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return p, fmt.Errorf("process status %w: %w", errStat, err)
		}
		if i < 2 {
			p.used += time.Duration(n) * tick
		} else {
			p.gone += time.Duration(n) * tick
		}
	}
	return p, nil
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
	workers, ffmpegs             time.Duration // children of the process: its codec workers, and its FFmpegs
	rss                          int64
}

// look reads the usage of processes, of this one, and of the machine.
func look(pids ...int) (usage, error) {
	u := usage{at: time.Now()}
	for _, pid := range pids {
		if err := u.add(pid); err != nil {
			return u, err
		}
	}
	bots, err := cpuOf(os.Getpid())
	if err != nil {
		return u, err
	}
	encoders, ffmpegs := cpuOfChildren(os.Getpid(), pids...)
	u.own = bots.used + encoders + ffmpegs
	machine, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	u.busy, u.capacity, err = parseMachine(machine)
	return u, err
}

// add reads the usage of a server's process.
func (u *usage) add(pid int) error {
	server, err := cpuOf(pid)
	if err != nil {
		return err
	}
	workers, ffmpegs := cpuOfChildren(pid)
	u.process += server.used
	u.workers += workers + server.gone // a worker that has ended; the server's FFmpegs last as long as the call
	u.ffmpegs += ffmpegs
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	rss, err := parseRSS(status)
	u.rss += rss
	return err
}

func cpuOf(pid int) (process, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	return parseStat(stat)
}

// cpuOfChildren is what those children of a process that live, but for some, have used: FFmpegs,
// and all others.
func cpuOfChildren(pid int, but ...int) (workers, ffmpegs time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task) // its thread may have ended
		for child := range strings.FieldsSeq(string(children)) {
			n, err := strconv.Atoi(child)
			if err != nil || slices.Contains(but, n) {
				continue
			}
			p, _ := cpuOf(n) // it may have ended
			if p.name == "ffmpeg" {
				ffmpegs += p.used
			} else {
				workers += p.used
			}
		}
	}
	return workers, ffmpegs
}

// spent is what was used between two looks, in ms of CPU a second.
type spent struct {
	server  float64 // with its codec workers
	workers float64 // of that, the codec workers
	ffmpegs float64 // of the server, beside it
	bots    float64
	others  float64 // all other programs
	idle    float64 // share of the machine
	ticks   int64   // of the server with its workers
}

func (u usage) since(before usage) spent {
	seconds := u.at.Sub(before.at).Seconds()
	rate := func(d time.Duration) float64 { return d.Seconds() * 1000 / seconds }
	workers := u.workers - before.workers
	served := u.process - before.process + workers
	s := spent{
		server: rate(served), workers: rate(workers), ffmpegs: rate(u.ffmpegs - before.ffmpegs),
		bots: rate(u.own - before.own), ticks: int64(served / tick),
	}
	s.others = max(0, rate(u.busy-before.busy)-s.server-s.bots-s.ffmpegs)
	if all := u.capacity - before.capacity; all > 0 {
		s.idle = 1 - float64(u.busy-before.busy)/float64(all)
	}
	return s
}
