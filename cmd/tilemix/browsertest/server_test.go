package browsertest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	// The results of go test are kept as long as what it was made of stays the
	// same. These are most of the program that is run here.
	_ "tilemix/mcu"
	_ "tilemix/signaling"
)

// server is a running tilemix serve.
type server struct {
	url     string // without a slash at its end
	process *os.Process
	ended   chan struct{}
	log     strings.Builder // not to be read before ended
}

// serve starts the program on an address, "" for any, with more flags. It runs
// until the test's end.
func serve(t *testing.T, listen string, flags ...string) *server {
	t.Helper()
	needBrowser(t)
	if _, err := os.ReadDir(".."); err != nil { // the rest of what the program is made of
		t.Fatal(err)
	}
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	if !slices.Contains(flags, "--data-dir") {
		flags = append(flags, "--data-dir", t.TempDir())
	}
	s := &server{ended: make(chan struct{})}
	command := exec.Command("tilemix", append([]string{"serve", "--listen", listen}, flags...)...)
	command.Stderr = &s.log
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = command.Process
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		_ = command.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log.String())
		}
	})
	url, found := strings.CutPrefix(strings.TrimSpace(line), "tilemix serves on ")
	if !found {
		s.stop(syscall.SIGKILL)
		t.Fatalf("the server does not start: %s", s.log.String())
	}
	s.url = url
	return s
}

// stop ends the server and waits for its end.
func (s *server) stop(signal syscall.Signal) {
	_ = s.process.Signal(signal)
	<-s.ended
}

// address is the server's host and port.
func (s *server) address() string { return strings.TrimPrefix(s.url, "http://") }
