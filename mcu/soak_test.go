package mcu_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tilemix/codec/malloc"
	"tilemix/mcu/mcutest/poll"
)

// soakFor is how long TestSoak runs, as in 10m.
const soakFor = "TILEMIX_SOAK"

// TestSoak has people with all kinds of lines come and go for a long time, and looks
// at whether the server is what it was.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv(soakFor))
	if err != nil {
		t.Skipf("set %s to a duration, or make soak", soakFor)
	}
	before := goleak.IgnoreCurrent()
	cfg := small()
	cfg.FrameRate = 30
	s := serve(t, cfg)
	end := time.Now().Add(length)
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() { s.comeAndGo(end, rand.New(rand.NewPCG(11, uint64(worker)))) })
	}
	var early memory
	missed := map[string]int{}
	for round := 0; time.Now().Before(end); round++ {
		s.soak(end, missed)
		if now := memoryNow(); time.Until(end) > length*2/3 || round == 0 {
			early = now // all that is made once has been made
		} else {
			t.Logf("%v to go: memory %v", time.Until(end).Round(time.Second), now)
		}
	}
	all.Wait()
	s.await("all rooms to end", func() bool { return len(s.Rooms()) == 0 })
	for _, name := range []string{"tilemix_rooms", "tilemix_participants", "tilemix_frames_live"} {
		if n := s.metric(name); n != 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
	late := memoryNow()
	t.Logf("memory was %v and is %v; conditions that missed their bars: %v", early, late, missed)
	if late.heap > early.heap*5/4+8<<20 || late.process > early.process*5/4 {
		t.Errorf("memory grew from %v to %v", early, late)
	}
	s.Stop()
	poll.NoneLeft(t, before)
}

// soak runs through the matrix once, or until end.
func (s *stage) soak(end time.Time, missed map[string]int) {
	for batch := range slices.Chunk(conditions(), 4) {
		if time.Now().After(end) {
			return
		}
		s.within(func(s *stage) {
			outcomes := s.try(batch, 6*time.Second)
			if outcomes[len(batch)].busy() {
				missed["(busy)"]++
				return
			}
			bad, _ := judge(batch, outcomes)
			for _, c := range bad {
				missed[c.name]++
			}
		})
	}
}

// comeAndGo makes visits over lines of all kinds until end.
func (s *stage) comeAndGo(end time.Time, random *rand.Rand) {
	lines := conditions()
	for time.Now().Before(end) {
		line := lines[random.IntN(len(lines)-1)].line // the last lets nobody in
		s.within(func(s *stage) { s.visit(random, line) })
	}
}

// within has f's clients cleaned up when it returns and not only at the test's end.
func (s *stage) within(f func(*stage)) {
	sc := &scope{TB: s.t}
	inner := *s
	inner.t = sc
	defer sc.end()
	f(&inner)
}

// scope is a test whose cleanups run when it ends.
type scope struct {
	testing.TB
	mu       sync.Mutex
	cleanups []func()
}

// Cleanup is testing.TB's.
func (s *scope) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

func (s *scope) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// memory is in bytes: Go's own, after a collection, and all of the process without what
// is free.
type memory struct{ heap, process uint64 }

func (m memory) String() string {
	return fmt.Sprintf("%d MiB of heap, %d MiB in all", m.heap>>20, m.process>>20)
}

func memoryNow() memory {
	debug.FreeOSMemory()
	malloc.Trim()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m := memory{heap: stats.HeapAlloc}
	status, _ := os.ReadFile("/proc/self/status") // Linux; elsewhere 0
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseUint(fields[1], 10, 64)
			m.process = kib << 10
		}
	}
	return m
}
