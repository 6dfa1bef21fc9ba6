package worker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// effort is what the kernel says of a process's threads (proc(5), stat).
type effort struct {
	runs bool          // a thread wants to run
	used time.Duration // of all cores
}

// jiffy is what the kernel counts processor time in: sysconf(_SC_CLK_TCK) is 100 on Linux.
const jiffy = 10 * time.Millisecond

// effortOf reads it. A process that has ended makes none.
func effortOf(pid int) (e effort) {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var state string
		var skip, user, system int64
		// The name before may have any character but ends with the last parenthesis.
		fields := string(text[bytes.LastIndexByte(text, ')')+1:])
		if _, err := fmt.Sscan(fields, &state, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system); err != nil {
			continue
		}
		e.runs = e.runs || state == "R" || state == "D"
		e.used += time.Duration(user+system) * jiffy
	}
	return e
}

// starved tells whether a process did not get a quarter of the time since before although it wanted to
// run: the machine is busy, and the process is not to blame.
func (e effort) starved(before effort, span time.Duration) bool {
	return e.runs && e.used-before.used < span/4
}
