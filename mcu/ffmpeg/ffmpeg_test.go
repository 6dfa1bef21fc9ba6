package ffmpeg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/mcutest/poll"
)

// asServer makes the test binary a process that starts the program it names, for TestOrphan.
const asServer = "FFMPEG_TEST_PROGRAM"

// inCell has that process lock the program in.
const inCell = "FFMPEG_TEST_CELL"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == asCell || os.Args[1] == asOldCell) {
		if os.Args[1] == asOldCell && ageKernel() != nil {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, ffmpeg.Become(os.Args[2:]))
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == asHostile {
		try(os.Args[2:])
		return
	}
	if program := os.Getenv(asServer); program != "" {
		var cell *ffmpeg.Cell
		if os.Getenv(inCell) != "" {
			cell = ffmpeg.NewCell([]string{os.Args[0], asCell}, slog.New(slog.DiscardHandler))
		}
		_ = ffmpeg.Command{Program: program, Cell: cell, Out: func(r io.Reader) error {
			_, err := io.Copy(os.Stdout, r)
			return err
		}}.Run(context.Background())
		return
	}
	poll.Main(m)
}

// script makes a program that stands in for FFmpeg.
func script(t *testing.T, text string) string {
	t.Helper()
	return program(t, "#!/bin/sh\n"+text+"\n")
}

// program writes a program. No child may begin meanwhile: it would hold the file open for
// writing, and the kernel runs no such file (ETXTBSY).
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReasons has a child write messages and end, and compares what Wait makes of them.
func TestReasons(t *testing.T) {
	const header = "Could not write header for output file #0 (incorrect codec parameters ?): "
	const stream = "Error initializing output stream 0:1 -- \n"
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name, said string
		status     int
		strict     bool
		want       string
	}{
		{"good", "", 0, true, ""},
		{"good with a warning", "[h264 @ 0x5f] error while decoding MB\n", 0, false, ""},
		{"strict with a warning", "[h264 @ 0x5f] error while decoding MB\n", 0, true, "error while decoding MB"},
		{"status alone", "", 3, true, "exit status 3"},
		{"nothing said", stream, 1, true, "exit status 1"},
		{
			"the same twice", "[tcp @ 0x5f] Connection to tcp://a:1 failed: Connection refused\n" + header + "Connection refused\n" + stream,
			1, true, "Connection to tcp://a:1 failed: Connection refused",
		},
		{
			"fault and consequence", "[rtsp @ 0x5f] method OPTIONS failed: 401\n" + header + "Server returned 401 Unauthorized\n" + stream,
			1, true, "method OPTIONS failed: 401; Server returned 401 Unauthorized",
		},
		{"phrases", "[rtsp @ 0x5f] Invalid\nError initializing output stream 0:0 -- No encoder\nConversion failed!\n", 1, true, "Invalid; No encoder"},
		{"repeated", "no\n    Last message repeated 3 times\n", 1, true, "no"},
		// Of a line that is cut nothing stays: it may be half a key.
		{"a long line", long + "\n" + long, 1, true, "exit status 1"},
		{"behind a long line", long + "\n" + long + "\nthe end\n", 1, true, "the end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := filepath.Join(t.TempDir(), "said")
			if err := os.WriteFile(said, []byte(c.said), 0o600); err != nil {
				t.Fatal(err)
			}
			command := ffmpeg.Command{
				Program: script(t, fmt.Sprintf("cat '%s' >&2; exit %d", said, c.status)), Strict: c.strict,
				Out: func(io.Reader) error { return nil },
			}
			got := ""
			if err := command.Run(t.Context()); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("the reason is %.200q, want %q", got, c.want)
			}
		})
	}
}

// TestPipes sends data through a child and reads it back, together with the secret.
func TestPipes(t *testing.T) {
	var got []byte
	command := ffmpeg.Command{
		Program: script(t, "cat "+ffmpeg.SecretFile+" -"), Secret: "key\n",
		In: func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Repeat("data", 100_000))
			return err
		},
		Out: func(r io.Reader) (err error) {
			got, err = io.ReadAll(r)
			return err
		},
	}
	if err := command.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "key\n" + strings.Repeat("data", 100_000); string(got) != want {
		t.Errorf("%d bytes came back, want %d", len(got), len(want))
	}
}

// TestRead reads a file's content by Process.Read, without Out.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ffmpeg.Command{Program: script(t, "cat "+ffmpeg.SecretFile), File: f}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(p)
	if err := errors.Join(err, p.Wait(), p.Wait()); err != nil || string(text) != "content" {
		t.Errorf("it reads %q, %v", text, err)
	}
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
}

// TestEnvironment looks for the server's secrets in the child's environment.
func TestEnvironment(t *testing.T) {
	t.Setenv("A_SECRET", "s3cr3t")
	var env []byte
	err := ffmpeg.Command{
		Program: script(t, "/usr/bin/env"), Env: []string{"http_proxy=http://127.0.0.1:1"},
		Out: func(r io.Reader) (err error) {
			env, err = io.ReadAll(r)
			return err
		},
	}.Run(t.Context())
	if err != nil || strings.Contains(string(env), "s3cr3t") {
		t.Errorf("the child has %s, %v", env, err)
	}
	for _, want := range []string{"http_proxy=http://127.0.0.1:1\n", "AV_LOG_FORCE_NOCOLOR=1\n", "PATH="} {
		if !strings.Contains(string(env), want) {
			t.Errorf("the child lacks %s", want)
		}
	}
}

// TestStartFails asks for children that cannot be started. The caller's file is closed.
func TestStartFails(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if err := (ffmpeg.Command{Program: "no-such-ffmpeg", File: f}).Run(t.Context()); !errors.Is(err, ffmpeg.ErrMissing) {
		t.Errorf("a missing program is %v", err)
	}
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
	long := ffmpeg.Command{Program: script(t, ""), Secret: strings.Repeat("k", 70_000)}
	if err := long.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address is too long") {
		t.Errorf("a long secret is %v", err)
	}
	broken := program(t, "#!/no/such/shell\n")
	if err := (ffmpeg.Command{Program: broken}).Run(t.Context()); err == nil || strings.Contains(err.Error(), broken) {
		t.Errorf("a broken program is %v", err)
	}
}

// TestServeFails ends a child by an error of In, and by one of Out.
func TestServeFails(t *testing.T) {
	why := errors.New("why")
	fail := func() error { return why }
	idle := script(t, "exec sleep 100")
	for name, c := range map[string]ffmpeg.Command{
		"in":  {Program: idle, In: func(io.Writer) error { return fail() }, Out: func(r io.Reader) error { _, _ = io.Copy(io.Discard, r); return nil }},
		"out": {Program: idle, Out: func(io.Reader) error { return fail() }},
	} {
		if err := c.Run(t.Context()); !errors.Is(err, why) {
			t.Errorf("%s: it ended with %v", name, err)
		}
	}
}

// TestInterrupt ends children that listen to their interrupt, that do not, and whose own child
// holds the pipe. One that listens is not killed: it ends by the interrupt.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		by   syscall.Signal
	}{
		"listens": {"exec sleep 100", syscall.SIGINT},
		"deaf":    {"trap '' INT; echo; while :; do sleep 100; done", syscall.SIGKILL},
		"parent":  {"(trap '' INT; echo; sleep 100) & wait", syscall.SIGINT},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := c.text
			if name == "listens" {
				text = "echo; " + text
			}
			by, took := interrupted(t, text)
			for try := 1; try < 3 && by != c.by && took >= ffmpeg.Farewell; try++ {
				by, took = interrupted(t, text) // a busy machine did not run the child before it was killed
			}
			if by != c.by {
				t.Errorf("it ended by %v, not by %v", by, c.by)
			}
			if took > 10*ffmpeg.Farewell {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// interrupted interrupts a child once it has written something. It returns the signal by which the child ended, and
// how long that took.
func interrupted(t *testing.T, text string) (by syscall.Signal, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := ffmpeg.Command{Program: script(t, text), Out: func(r io.Reader) error {
		_, _ = bufio.NewReader(r).ReadByte() // it runs
		cancel()
		_, _ = io.Copy(io.Discard, r)
		return nil
	}}.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	began := time.Now()
	ended := p.Wait()
	took = time.Since(began)
	child, ok := errors.AsType[*exec.ExitError](ended)
	if !ok {
		t.Fatalf("it ended with %v", ended)
	}
	return child.Sys().(syscall.WaitStatus).Signal(), took
}

// TestOrphan kills a server: the kernel kills its child, in a cell too.
func TestOrphan(t *testing.T) {
	t.Run("free", func(t *testing.T) { orphan(t) })
	t.Run("in a cell", func(t *testing.T) { orphan(t, inCell+"=1") })
}

func orphan(t *testing.T, env ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), self)
	server.Env = append(append(os.Environ(), env...), asServer+"="+script(t, "echo $$; exec sleep 1000"))
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the child's group is %d, %v", group, err)
	}
	_ = server.Process.Kill()
	_ = server.Wait()
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	poll.Until(t, "the child to end with its server", func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(state), ") Z ")
	})
}
