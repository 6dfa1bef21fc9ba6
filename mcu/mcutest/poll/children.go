package poll

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

// Children returns the processes that this one has started and that run, or have not been waited for, the oldest
// first. Their numbers do not tell which is the oldest: behind the largest number the kernel begins anew.
func Children(tb testing.TB) (pids []int) {
	tb.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		tb.Fatal(err)
	}
	for _, task := range tasks {
		list, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children") // the thread may have ended
		for pid := range bytes.FieldsSeq(list) {
			if n, err := strconv.Atoi(string(pid)); err == nil {
				pids = append(pids, n)
			}
		}
	}
	began := map[int]uint64{}
	for _, pid := range pids {
		began[pid] = startOf(pid)
	}
	slices.SortFunc(pids, func(a, b int) int { return cmp.Or(cmp.Compare(began[a], began[b]), cmp.Compare(a, b)) })
	return pids
}

// startOf returns when a process began, in hundredths of a second (proc(5), stat, starttime). One that has ended meanwhile
// began at 0.
func startOf(pid int) (ticks uint64) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	const began = 19 // behind the name, which may have any character
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) > began {
		ticks, _ = strconv.ParseUint(string(fields[began]), 10, 64)
	}
	return ticks
}
