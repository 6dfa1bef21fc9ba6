package poll

import (
	"bytes"
	"os"
	"strconv"
	"testing"
)

// Children returns the processes that this one has started and that run, or have not been waited for.
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
	return pids
}
