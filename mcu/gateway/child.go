package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// farewell is how long FFmpeg may take to end.
const farewell = 2 * time.Second

// child is a run of FFmpeg. Its arguments are for everybody on this machine to see, so
// what nobody is to see comes in a file that is a pipe: /dev/fd/3 for the child.
type child struct {
	program string
	args    []string
	secret  string                // what the child reads as /dev/fd/3
	env     []string              // beside what every child has
	file    *os.File              // or this, which is closed as the child ends
	in      func(io.Writer) error // writes what the child reads; nil: nothing
	out     func(io.Reader) error // reads what the child writes
}

// secretFile is where a child finds what nobody else is to see.
const secretFile = "/dev/fd/3"

// run returns when the child has ended, as it does soon after ctx. The error says why
// it ended.
func (c *child) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Env = append(append([]string{"AV_LOG_FORCE_NOCOLOR=1"}, pathOnly()...), c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = farewell
	said := &tail{}
	cmd.Stderr = said
	err := c.start(cmd, stop)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if reason := said.reason(); reason != "" {
		return errors.New(reason)
	}
	return err
}

// start starts the child, serves it and waits for its end. Where the serving fails,
// the child ends.
func (c *child) start(cmd *exec.Cmd, stop context.CancelCauseFunc) error {
	extra, err := c.extra()
	if err != nil {
		return err
	}
	defer extra.Close()
	cmd.ExtraFiles = []*os.File{extra}
	var in io.WriteCloser
	if c.in != nil {
		if in, err = cmd.StdinPipe(); err != nil {
			return fmt.Errorf("start FFmpeg: %w", err)
		}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start FFmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start FFmpeg: %w", errors.Unwrap(err))
	}
	var serving sync.WaitGroup
	serve := func(f func() error) {
		serving.Go(func() {
			if err := f(); err != nil {
				stop(err)
			}
		})
	}
	serve(func() error { return c.out(out) })
	if c.in != nil {
		serve(func() error {
			defer in.Close()
			return c.in(in)
		})
	}
	serving.Wait()
	return cmd.Wait()
}

// extra returns what the child has as file 3.
func (c *child) extra() (*os.File, error) {
	if c.file != nil {
		return c.file, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start FFmpeg: %w", err)
	}
	defer w.Close()
	if _, err := io.WriteString(w, c.secret); err != nil { // it fits the pipe
		return nil, fmt.Errorf("start FFmpeg: %w", err)
	}
	return r, nil
}

// pathOnly is the part of the environment that FFmpeg needs: the rest may hold
// secrets of the server's.
func pathOnly() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// tail keeps the end of what FFmpeg says, in whole lines: half a key would not be known
// as one.
type tail struct {
	mu      sync.Mutex
	text    []byte
	skipped bool // the line that comes has lost its beginning
}

// Write takes more of it.
func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text); n > 2*most {
		t.text, t.skipped = append(t.text[:0], t.text[n-most:]...), true
	}
	if t.skipped {
		i := bytes.IndexByte(t.text, '\n')
		t.skipped = i < 0
		if t.skipped {
			i = len(t.text) - 1
		}
		t.text = append(t.text[:0], t.text[i+1:]...)
	}
	return len(p), nil
}

// origin is what FFmpeg puts in front of its lines: which of its parts speaks.
var origin = regexp.MustCompile(`^\[[^\]]* @ 0x[0-9a-f]+\] *`)

// phrase is what FFmpeg puts around reasons, or says instead of one.
var phrase = regexp.MustCompile(`^(Could not write header for output file #\d+ \(.*\?\): |Error initializing output stream \d+:\d+ --|Conversion failed!$)`)

// reason returns the first and the last line of the end that say something: what went
// wrong, and what came of it.
func (t *tail) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range bytes.Lines(t.text) {
		text := strings.TrimSpace(origin.ReplaceAllString(string(line), ""))
		text = strings.TrimSpace(phrase.ReplaceAllString(text, ""))
		if text != "" && !strings.HasPrefix(text, "Last message repeated") {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	reason := lines[0]
	if last := lines[len(lines)-1]; !strings.HasSuffix(reason, last) {
		reason += "; " + last
	}
	return reason
}
