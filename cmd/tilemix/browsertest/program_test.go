package browsertest

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
)

// python is Debian's, whose packages the clients are.
const python = "/usr/bin/python3"

// received is what a client says that it has got of the mix.
type received struct {
	Frames, Width, Height int
	Red, Green, Blue      float64 // share of the last picture that is plainly of a colour
	Sound                 float64 // seconds that could be heard
	Codec                 string  // MIME type of the picture
}

// bars tells whether the picture has the colours of a test picture somewhere.
func (r received) bars() bool { return min(r.Red, r.Green, r.Blue) > 0.02 }

// program is a client that is no browser: a script of testdata, which says what it
// gets and leaves when its standard input ends.
type program struct {
	name    string
	command *exec.Cmd
	stdin   io.Closer
	lines   chan received // the newest
	errors  strings.Builder
	ended   chan struct{}
}

// needModule skips the test where Python has not what a client is made of.
func needModule(t *testing.T, module, debian string) {
	t.Helper()
	need(t, "Python", "python3", python)
	if exec.Command(python, "-c", module).Run() != nil {
		codectest.Lack(t, "what a client needs is not installed; on Debian: apt-get install "+debian)
	}
}

// startProgram starts a script of testdata in Python. It runs until it is told to leave, or
// until the test's end.
func startProgram(t *testing.T, name, script string, arguments ...string) *program {
	t.Helper()
	return start(t, name, exec.Command(python, append([]string{"testdata/" + script}, arguments...)...))
}

func start(t *testing.T, name string, command *exec.Cmd) *program {
	t.Helper()
	p := &program{name: name, command: command, lines: make(chan received, 1), ended: make(chan struct{})}
	p.command.Stderr = &p.errors
	p.command.WaitDelay = time.Second
	stdin, err := p.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	go p.run(stdout)
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s says:\n%s", name, p.errors.String())
		}
	})
	return p
}

func (p *program) run(stdout io.Reader) {
	defer close(p.ended)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var r received
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		select {
		case <-p.lines:
		default:
		}
		p.lines <- r
	}
	_ = p.command.Wait()
}

// waitFor waits until the client has got something, and returns all that it has.
func (p *program) waitFor(t *testing.T, what string, condition func(received) bool) received {
	t.Helper()
	var last received
	for deadline := time.After(patience); ; {
		select {
		case last = <-p.lines:
			if condition(last) {
				return last
			}
		case <-p.ended:
			t.Fatalf("%s ends before this: %s\nlast: %+v", p.name, what, last)
		case <-deadline:
			t.Fatalf("%s, never: %s\nlast: %+v", p.name, what, last)
		}
	}
}

// waitForMix waits for pictures of the mix with the client's own test picture in
// it, and for sound.
func (p *program) waitForMix(t *testing.T, codec string) {
	t.Helper()
	first := p.waitFor(t, "1280x720 in "+codec, func(r received) bool {
		return r.Frames > 0 && r.Width == 1280 && r.Height == 720 && strings.EqualFold(r.Codec, codec)
	})
	p.waitFor(t, "the test picture", received.bars)
	p.waitFor(t, "a second of pictures and of sound", func(r received) bool {
		return r.Frames > first.Frames+20 && r.Sound > first.Sound+0.2
	})
}

// leave has the client end its sessions, and waits until it has ended.
func (p *program) leave(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%s does not end", p.name)
	}
	if !p.command.ProcessState.Success() {
		t.Errorf("%s: %v", p.name, p.command.ProcessState)
	}
}
