package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/codec/limit"
	"tilemix/mcu/sandbox"
)

// slack is how late timers of a worker may be (PR_SET_TIMERSLACK, prctl(2)). It has none but those of
// Go's system monitor, which would look every 20 µs whether the decoder has returned: a twentieth of
// what decoding takes.
const slack = 10 * time.Millisecond

// process is a worker as the server sees it.
type process struct {
	cmd    *exec.Cmd
	conn   *net.UnixConn
	mem    *memory
	level  sandbox.Level
	gone   atomic.Bool   // the process has ended
	dead   chan struct{} // closed when it has, and all that wait have been told
	blamed atomic.Bool   // its death is counted
	busy   atomic.Int32  // slots that it had not answered when it ended
	doomed atomic.Bool   // it was killed, or has ended
	served [slots]bool   // the worker knows of the slot; belongs to whose the slot is

	// A Crew's lock guards what follows.
	taken  [slots]bool
	users  int  // slots that are taken
	ending bool // nobody takes one any more
}

// start starts this program as a worker, which ends with ctx, and waits until it is locked in.
func start(ctx context.Context, cfg *Config) (*process, error) {
	mem, err := newMemory(slotSize(cfg.Limits.Pixels, cfg.Tile))
	if err != nil {
		return nil, err
	}
	conn, theirs, err := pair()
	if err != nil {
		mem.close()
		return nil, err
	}
	p := &process{conn: conn, mem: mem, dead: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, "/proc/self/exe") // even if the file has been replaced
	p.cmd.Args = cfg.Args
	p.cmd.Env = environment(cfg.Limits)
	p.cmd.ExtraFiles = []*os.File{mem.file, theirs}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) // the child inherits it
		err := p.cmd.Start()
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
		_ = theirs.Close()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			_ = p.conn.Close()
			p.finish()
		}
		close(p.dead)
	}()
	if err = <-started; err == nil {
		err = p.greet()
	}
	if err != nil {
		p.kill()
		<-p.dead
		_ = conn.Close()
		mem.close()
		return nil, fmt.Errorf("start a codec worker: %w", err)
	}
	return p, nil
}

// environment returns what a worker needs of the server's variables, none of which is a secret. With
// GOMAXPROCS the runtime does not follow the control group's limit, for which it would read files. It
// lets all slots run, so that none waits for the monitor to notice that another waits for the server;
// how many decode at once is the server's choice.
func environment(l limit.Limits) []string {
	memory := int64(math.MaxInt64)
	if l.Memory != nil {
		memory = l.Memory.Most()
	}
	return []string{
		"LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH"), "GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0)+slots),
		pixelsName + "=" + strconv.Itoa(l.Pixels), memoryName + "=" + strconv.FormatInt(memory, 10),
	}
}

// pair makes a socket with two ends, which keeps messages apart (SOCK_SEQPACKET, unix(7)).
func pair() (ours *net.UnixConn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket to a codec worker: %w", err)
	}
	mine := os.NewFile(uintptr(fds[0]), "socket of a codec worker")
	defer mine.Close() // FileConn has its own
	theirs = os.NewFile(uintptr(fds[1]), "socket for a codec worker")
	if ours, err = unixConn(mine); err != nil {
		_ = theirs.Close()
	}
	return ours, theirs, err
}

// unixConn returns a socket's file as a connection.
func unixConn(f *os.File) (*net.UnixConn, error) {
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("socket of a codec worker: %w", err)
	}
	u, ok := conn.(*net.UnixConn)
	if !ok {
		_ = conn.Close()
		return nil, errors.New("socket of a codec worker: it is of another kind")
	}
	return u, nil
}

// greet waits for the worker's first reply.
func (p *process) greet() error {
	const patience = 10 * time.Second
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	var b [size]byte
	n, err := p.conn.Read(b[:])
	var r reply
	if err != nil || n != size || !r.get(&b) || r.result != ready {
		return errors.Join(errors.New("it did not say that it is ready"), err)
	}
	p.level = r.level()
	return p.conn.SetReadDeadline(time.Time{})
}

// finish wakes those who wait for a reply of a process that has ended.
func (p *process) finish() {
	p.doomed.Store(true)
	p.gone.Store(true)
	for slot := range slots {
		if atomic.LoadUint32(p.mem.door(slot).turn) == workers {
			p.busy.Add(1)
		}
	}
	for slot := range slots {
		p.mem.door(slot).pass(over)
	}
}

// serve has the worker serve a slot, which is the caller's. It may be called more than once.
func (p *process) serve(slot int) {
	if p.served[slot] {
		return
	}
	p.served[slot] = true
	var b [size]byte
	(&request{task: enter, slot: uint8(slot)}).put(&b)
	_, _ = p.conn.Write(b[:]) // an error means that the worker is dead, which the door says too
}

// kill ends the process. It may be called more than once.
func (p *process) kill() {
	p.doomed.Store(true)
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
	}
}

// ended tells whether the process has ended.
func (p *process) ended() bool { return p.gone.Load() }

// effort is what the kernel says of a process's threads (proc(5), stat).
type effort struct {
	runs    bool          // a thread wants to run
	stopped bool          // a thread runs on no more until a signal comes
	used    time.Duration // of all cores
}

// jiffy is what the kernel counts processor time in: sysconf(_SC_CLK_TCK) is 100 on Linux.
const jiffy = 10 * time.Millisecond

// effortOf returns a process's. One that has ended makes none.
func effortOf(pid int) effort { return surely(func() effort { return readEffort(pid) }) }

// surely reads an effort again where no thread runs. The threads are read one after the other, and a goroutine may
// move meanwhile from one that is not read yet to one that was: of a busy worker, a reading in a thousand says so.
func surely(read func() effort) effort {
	const readings = 3
	e := read()
	for n := 1; n < readings && !e.runs; n++ {
		e = read()
	}
	return e
}

// readEffort reads a process's threads once.
func readEffort(pid int) (e effort) {
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
		e.stopped = e.stopped || state == "T"
		e.used += time.Duration(user+system) * jiffy
	}
	return e
}

// hangs tells whether a process is to blame that has not answered for a time: since it was looked at before, it had
// the processor for about as long, or it does not want to run. Otherwise the machine is busy, and it waits for the processor.
func (e effort) hangs(before effort, span time.Duration) bool {
	return !e.runs || e.used-before.used >= span-2*jiffy
}

// spent tells whether the process decodes no more: it has ended, or is about to.
func (p *process) spent() bool { return p.doomed.Load() }
