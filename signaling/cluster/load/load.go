// Package load measures how busy a node's processors are, for the placement of rooms.
//
//	/proc/stat: the machine ─┐
//	getrusage: this process ─┴▶ Meter.Look ──▶ the busy part of the cores that this process may use
//
// The larger of both counts: others may use the machine, and a control group may give this process less than
// the machine has. A system without /proc says what the process uses.
package load

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// span (1 s) is the least time over which the load is measured.
const span = time.Second

// Meter measures the load. It is not safe for concurrent use.
type Meter struct {
	cores int
	at    time.Time
	used  time.Duration // by this process
	busy  float64       // of the machine, in ticks
	all   float64
	load  float64
}

// New returns a meter for the processors that this process may use.
func New() *Meter { return &Meter{cores: runtime.GOMAXPROCS(0)} }

// Look returns the number of cores and the part of them that was busy, 0 to 1, in the last second or so.
// The first load is 0.
func (m *Meter) Look(now time.Time) (cores int, load float64) {
	if now.Sub(m.at) < span {
		return m.cores, m.load
	}
	stat, _ := os.ReadFile("/proc/stat") // not there: only the process counts
	busy, all := machine(stat)
	m.take(now, used(), busy, all)
	return m.cores, m.load
}

// take computes the load since the last look.
func (m *Meter) take(now time.Time, used time.Duration, busy, all float64) {
	if !m.at.IsZero() {
		m.load = float64(used-m.used) / float64(now.Sub(m.at)) / float64(m.cores)
		if all > m.all {
			m.load = max(m.load, (busy-m.busy)/(all-m.all))
		}
		m.load = min(max(m.load, 0), 1)
	}
	m.at, m.used, m.busy, m.all = now, used, busy, all
}

// used is the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machine reads the first line of /proc/stat (proc_stat(5)), in ticks; zeros: it cannot be read.
func machine(stat []byte) (busy, all float64) {
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0
	}
	for i, f := range fields[1:9] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, 0
		}
		all += n
		if i != 3 && i != 4 { // idle, iowait
			busy += n
		}
	}
	return busy, all
}
