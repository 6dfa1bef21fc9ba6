package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"tilemix/mcu/sandbox"
)

const (
	// Farewell is how long a child may take to end after its interrupt, before it is killed.
	Farewell = 2 * time.Second
	// SecretFile is the path under which a child finds [Command.Secret] or [Command.File].
	SecretFile = "/dev/fd/3"
	// maxSecret is the longest secret in bytes: a pipe takes it without a reader.
	maxSecret = 32 << 10
)

// ErrMissing is returned when FFmpeg is not installed on this machine.
var ErrMissing = errors.New("FFmpeg is not installed")

// Find returns the path of a program, or ErrMissing. "" is ffmpeg.
func Find(program string) (path string, err error) {
	if program == "" {
		program = "ffmpeg"
	}
	if path, err = exec.LookPath(program); err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// Command describes a run of FFmpeg. The zero value of each field but Args is useful.
type Command struct {
	Program string        // name or path; "" is ffmpeg
	Args    []string      // visible to every user of the machine
	Env     []string      // variables beside those that every child has, as NAME=value
	Secret  string        // content of SecretFile
	File    *os.File      // SecretFile itself, instead of Secret; closed when the child has ended
	Cell    *Cell         // that locks the child in; nil: none does
	Reach   sandbox.Reach // where the child connects to, which a Cell holds it to
	// In writes the child's standard input, which is closed when In returns. nil: it is empty.
	// An error of In or Out ends the child, and Wait returns that error.
	In func(io.Writer) error
	// Out reads the child's standard output. nil: the caller reads it by Process.Read.
	Out func(io.Reader) error
	// Strict makes an error message a failure, even if the child ends with status 0.
	Strict bool
	// Lower gives the child a lower priority than the server's. It is for streams of strangers, which may
	// cost anything; what a room makes itself must not wait.
	Lower bool
}

// Process is a child that has been started. Read belongs to one goroutine; Wait may be called by
// several, and more than once.
type Process struct {
	cmd     *exec.Cmd
	stdout  io.ReadCloser
	said    tail
	strict  bool
	finish  func()        // lets the goroutine wait for the child
	reading chan struct{} // closed by finish
	late    *time.Timer   // kills the group; set by interrupt
	done    chan struct{} // closed when err is valid
	err     error
}

// Run starts a child and waits for its end. It returns as Wait does.
func (c Command) Run(ctx context.Context) error {
	p, err := c.Start(ctx)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Start starts a child, which ends soon after ctx at the latest. The caller has to call Wait.
func (c Command) Start(ctx context.Context) (*Process, error) {
	path, err := Find(c.Program)
	if err != nil {
		c.close()
		return nil, err
	}
	extra, err := c.extra()
	if err != nil {
		c.close()
		return nil, fmt.Errorf("start FFmpeg: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	p := &Process{strict: c.Strict, reading: make(chan struct{}), done: make(chan struct{})}
	p.finish = sync.OnceFunc(func() { close(p.reading) })
	p.cmd = exec.CommandContext(ctx, path, bounded(c.Args)...)
	if c.Cell != nil {
		p.cmd.Path, p.cmd.Args = "/proc/self/exe", c.Cell.enter(path, bounded(c.Args), c.Reach)
	}
	p.cmd.Env = append(append([]string{"AV_LOG_FORCE_NOCOLOR=1", "MALLOC_ARENA_MAX=2"}, environment()...), c.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Cancel = p.interrupt
	p.cmd.WaitDelay = Farewell
	p.cmd.Stderr = &p.said
	p.cmd.ExtraFiles = []*os.File{extra}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer stop(nil)
		serve, err := p.start(c)
		_ = extra.Close()
		started <- err
		if err == nil {
			p.err = p.wait(ctx, serve, stop)
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start FFmpeg: %w", err)
	}
	return p, nil
}

// close closes the caller's file where no child gets it.
func (c Command) close() {
	if c.File != nil {
		_ = c.File.Close()
	}
}

// start starts the child and returns what has to run beside it.
func (p *Process) start(c Command) (serve []func() error, err error) {
	var stdin io.WriteCloser
	if c.In != nil {
		if stdin, err = p.cmd.StdinPipe(); err != nil {
			return nil, err
		}
		serve = append(serve, func() error {
			defer stdin.Close()
			return c.In(stdin)
		})
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if c.Out != nil {
		serve = append(serve, func() error {
			defer p.stdout.Close() // a child that writes on ends at once
			return c.Out(p.stdout)
		})
		p.finish()
	}
	said, says, err := os.Pipe() // the level of the cell
	if err != nil {
		return nil, err
	}
	defer says.Close()
	if c.Cell != nil {
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, says)
	}
	if err = p.cmd.Start(); err != nil {
		_ = said.Close()
		if inner := errors.Unwrap(err); inner != nil { // without the path
			err = inner
		}
		return nil, err
	}
	confine(p.cmd.Process.Pid, c.Lower, c.Cell != nil)
	return append(serve, func() error { c.Cell.hear(said); return nil }), nil
}

// wait waits for the end of In, Out and the child, and says why the child ended.
func (p *Process) wait(ctx context.Context, serve []func() error, stop context.CancelCauseFunc) error {
	var serving sync.WaitGroup
	for _, f := range serve {
		serving.Go(func() {
			if err := f(); err != nil {
				stop(err)
			}
		})
	}
	serving.Wait()
	<-p.reading
	err := p.cmd.Wait()
	if p.late != nil {
		p.late.Stop()
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if reason := p.said.reason(); reason != "" && (err != nil || p.strict) {
		return errors.New(reason)
	}
	return err
}

// interrupt asks the child's group to end, and kills it after Farewell: a program that the child
// started may hold the pipes open.
func (p *Process) interrupt() error {
	group := -p.cmd.Process.Pid
	p.late = time.AfterFunc(Farewell, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
	return syscall.Kill(group, syscall.SIGINT)
}

// Read reads what the child writes, where Command.Out is nil. It is not called after Wait.
func (p *Process) Read(b []byte) (int, error) { return p.stdout.Read(b) }

// Wait waits for the end of the child. The error is the cause of the context, that of In or Out,
// what the child wrote as its reason, or its exit status, in this order. A child whose output is
// not read to its end may block until its context ends.
func (p *Process) Wait() error {
	p.finish()
	<-p.done
	return p.err
}

// extra returns the file that the child has as SecretFile.
func (c Command) extra() (*os.File, error) {
	if c.File != nil {
		return c.File, nil
	}
	if len(c.Secret) > maxSecret {
		return nil, errors.New("the address is too long")
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if _, err := io.WriteString(w, c.Secret); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// environment returns the variables that FFmpeg needs.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
