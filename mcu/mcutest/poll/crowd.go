package poll

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Crowded is how many cores other processes may use while a test measures the product. Above it
// the test measures the machine.
const Crowded = 0.25

// Crowd measures from now on how much of the processor others have: other processes, and other
// machines on the same host. The function that it returns ends that and returns a number of cores.
// What the test itself uses does not count, so that a product which becomes slow is still judged.
// It is 0 where the system does not tell (Linux: /proc/stat).
func Crowd(t testing.TB) (cores func() float64) {
	t.Helper()
	began, all, own := time.Now(), allTime(), ownTime()
	return func() float64 {
		others := allTime() - all - (ownTime() - own)
		return max(0, others.Seconds()/time.Since(began).Seconds())
	}
}

// allTime returns the time that all cores have worked since the machine started. Interrupts are
// left out, because the packets of the test itself cause them.
func allTime() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	const user, nice, system, steal, tick = 1, 2, 3, 8, 10 * time.Millisecond
	fields := strings.Fields(line)
	if len(fields) <= steal {
		return 0
	}
	var sum time.Duration
	for _, i := range []int{user, nice, system, steal} {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		sum += time.Duration(n) * tick
	}
	return sum
}

// ownTime returns the time that this process and its children that have ended took.
func ownTime() (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}
