package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a process has to start or to end.
const patience = 20 * time.Second

// child is a server in a process of its own, or a running one.
type child struct {
	url   string
	pid   int
	pprof string // address of its profiles; empty where it has none
	cmd   *exec.Cmd
	ended chan error

	id     string // in its cluster; empty where it is in none
	media  uint16 // port of its media; 0: any
	folder string // of its data, which goes with it; empty where it has none
}

// forget removes what the process has left.
func (c *child) forget() {
	if c.folder != "" {
		_ = os.RemoveAll(c.folder)
	}
}

// start runs this program with args until it says where it serves.
func start(ctx context.Context, says string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, pid: cmd.Process.Pid, ended: make(chan error, 1)}
	lines := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		line, _ := r.ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, r)
		c.ended <- cmd.Wait()
	}()
	select {
	case line := <-lines:
		var found bool
		if c.url, found = strings.CutPrefix(strings.TrimSpace(line), says); found {
			return c, nil
		}
		return nil, errors.Join(fmt.Errorf("tilemix %s: did not start", args[0]), c.stop())
	case <-time.After(patience):
		return nil, errors.Join(fmt.Errorf("tilemix %s: did not start within %v", args[0], patience), c.stop())
	}
}

// stop ends the process and waits for it.
func (c *child) stop() error {
	if c.cmd == nil {
		return nil
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-c.ended:
		return err
	case <-time.After(patience):
		_ = c.cmd.Process.Kill()
		return errors.Join(fmt.Errorf("process %d did not end and was killed", c.pid), <-c.ended)
	}
}

// serve starts a server with more flags, unless one runs already.
func serve(ctx context.Context, settings Settings, s scenario, more ...string) (*child, error) {
	if settings.URL != "" {
		return &child{url: settings.URL, pid: settings.PID}, nil
	}
	folder, err := os.MkdirTemp("", "tilemix-bench-")
	if err != nil {
		return nil, err
	}
	args := []string{
		"serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data-dir", folder,
		"--max-participants", strconv.Itoa(s.participants + s.viewers + 1), "--max-rooms", strconv.Itoa(max(1, s.rooms)),
	}
	if s.views > 0 {
		args = append(args, "--max-views", strconv.Itoa(s.views))
	}
	args = append(args, more...)
	if s.beside {
		args = append(args, "--allow-private-outputs")
	}
	var profiles string
	if settings.Profile != "" {
		if profiles, err = freeAddress(); err != nil {
			return nil, err
		}
		args = append(args, "--pprof", profiles)
	}
	c, err := start(ctx, "tilemix serves on ", args...)
	if err != nil {
		return nil, err
	}
	c.pprof, c.folder = profiles, folder
	return c, nil
}

// kill ends the process as a loss of power would.
func (c *child) kill() error {
	_ = c.cmd.Process.Kill()
	c.cmd = nil
	if err := <-c.ended; err == nil { // else it says that it was killed
		return errors.New("the process had ended before it was killed")
	}
	return nil
}

// freeAddress is one on the loopback interface that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// each calls f for 0 to n-1, at most wide at a time, and returns the first error.
func each(n, wide int, f func(i int) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	places := make(chan struct{}, wide)
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if err := f(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			}
		})
	}
	wg.Wait()
	return first
}
