package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/codec/limit"
	"tilemix/mcu/sandbox"
)

// process is a worker as the server sees it.
type process struct {
	cmd     *exec.Cmd
	conn    *net.UnixConn
	mem     *memory
	level   sandbox.Level
	replies [slots]chan reply // one at most waits in each
	dead    chan struct{}     // closed when the process has ended
	hung    atomic.Bool       // it was killed because it took too long

	// A Crew's lock guards what follows.
	taken [slots]bool
	users int // slots that are taken
}

// start starts this program as a worker, which ends with ctx, and waits until it is locked in.
func start(ctx context.Context, args []string, limits limit.Limits) (*process, error) {
	mem, err := newMemory(slotSize(limits.Pixels))
	if err != nil {
		return nil, err
	}
	conn, theirs, err := pair()
	if err != nil {
		mem.close()
		return nil, err
	}
	p := &process{conn: conn, mem: mem, dead: make(chan struct{})}
	for i := range p.replies {
		p.replies[i] = make(chan reply, 1)
	}
	p.cmd = exec.CommandContext(ctx, "/proc/self/exe") // even if the file has been replaced
	p.cmd.Args = args
	p.cmd.Env = environment(limits)
	p.cmd.ExtraFiles = []*os.File{mem.file, theirs}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		_ = theirs.Close()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			_ = p.conn.Close()
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
	go p.read()
	return p, nil
}

// environment returns what a worker needs of the server's variables, none of which is a secret. With
// GOMAXPROCS the runtime does not follow the control group's limit, for which it would read files.
func environment(l limit.Limits) []string {
	memory := int64(math.MaxInt64)
	if l.Memory != nil {
		memory = l.Memory.Most()
	}
	return []string{
		"LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH"), "GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0)),
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
	if err != nil || n != size || !r.get(&b, p.mem.slot) || r.result != ready {
		return errors.Join(errors.New("it did not say that it is ready"), err)
	}
	p.level = r.level()
	return p.conn.SetReadDeadline(time.Time{})
}

// read hands replies to those who wait. A worker that answers something else is killed: it is no
// longer what was started.
func (p *process) read() {
	var b [size]byte
	var r reply
	for {
		n, err := p.conn.Read(b[:])
		if err != nil || n == 0 {
			break
		}
		if n != size || !r.get(&b, p.mem.slot) {
			break
		}
		select {
		case p.replies[r.slot] <- r:
			continue
		default: // nobody asked
		}
		break
	}
	p.kill()
}

// send sends a request by way of the caller's buffer. An error means that the worker is dead.
func (p *process) send(r request, b *[size]byte) error {
	r.put(b)
	_, err := p.conn.Write(b[:])
	return err
}

// kill ends the process. It may be called more than once.
func (p *process) kill() {
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
	}
}

// ended tells whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}
