package ffmpeg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"

	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/sandbox"
)

// The arguments with which this program becomes the child of a cell, and with which it is a child that a
// stream has taken over.
const asCell, asHostile = "cell", "hostile"

// asOldCell is that of a cell on a kernel that knows neither Landlock nor seccomp.
const asOldCell = "old-cell"

// ageKernel has the kernel refuse both, in this process.
func ageKernel() error {
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: []string{"seccomp", "landlock_create_ruleset"}}},
	}})
}

// needs are what FFmpeg does. They must succeed.
var needs = map[string]func(port string) error{
	"library":    func(string) error { _, err := os.ReadDir("/usr/lib"); return err },
	"its file":   func(string) error { return only("content")(os.ReadFile(ffmpeg.SecretFile)) },
	"its port":   func(port string) error { return dial("tcp", "127.0.0.1:"+port) },
	"null":       func(string) error { return os.WriteFile(os.DevNull, []byte("x"), 0) },
	"a thread":   func(string) error { done := make(chan error); go func() { done <- nil }(); return <-done },
	"its signal": func(string) error { return unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGURG) },
}

// attempts are what a stream tries that has taken FFmpeg over. They must fail.
var attempts = map[string]func(port string) error{
	"read":         func(string) error { _, err := os.ReadFile("/etc/passwd"); return err },
	"environment":  func(string) error { _, err := os.ReadFile(parent("environ")); return err },
	"memory":       func(string) error { return closed(os.Open(parent("mem"))) },
	"write":        func(string) error { return os.WriteFile(filepath.Join(os.TempDir(), "tilemix-ffmpeg"), nil, 0o600) },
	"write a file": func(string) error { return closed(os.OpenFile(ffmpeg.SecretFile, os.O_WRONLY, 0)) },
	"exec":         func(string) error { return exec.CommandContext(context.Background(), "/bin/true").Run() },
	"other port": func(port string) error {
		n, _ := strconv.Atoi(port)
		return refused(dial("tcp", fmt.Sprint("127.0.0.1:", n^1)))
	},
	"datagram": func(port string) error { return dial("udp", "127.0.0.1:"+port) },
	"listen":   func(string) error { return listen("tcp", "127.0.0.1:0") },
	"unix":     func(string) error { return listen("unix", "@tilemix-ffmpeg") },
	"packets":  func(string) error { _, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); return err },
	"several": func(string) error {
		_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
		return refused(err)
	},
	"kill":      func(string) error { return unix.Kill(os.Getppid(), 0) },
	"trace":     func(string) error { return unix.PtraceAttach(os.Getppid()) },
	"mount":     func(string) error { return unix.Mount("none", "/mnt", "tmpfs", 0, "") },
	"namespace": func(string) error { return unix.Unshare(unix.CLONE_NEWUSER) },
}

func parent(file string) string { return fmt.Sprintf("/proc/%d/%s", os.Getppid(), file) }

func closed(f *os.File, err error) error {
	if err == nil {
		_ = f.Close()
	}
	return err
}

// only returns what a file must have.
func only(want string) func([]byte, error) error {
	return func(b []byte, err error) error {
		if err == nil && string(b) != want {
			err = fmt.Errorf("it has %q", b)
		}
		return err
	}
}

// refused returns nil for what the network refused, and not the kernel of this machine.
func refused(err error) error {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		return err
	}
	return nil
}

func dial(network, at string) error {
	c, err := new(net.Dialer).DialContext(context.Background(), network, at)
	if err == nil {
		_ = c.Close()
	}
	return err
}

func listen(network, at string) error {
	l, err := new(net.ListenConfig).Listen(context.Background(), network, at)
	if err == nil {
		_ = l.Close()
	}
	return err
}

// try is the child: it says what it could do.
func try(args []string) {
	for _, all := range []map[string]func(string) error{needs, attempts} {
		for name, f := range all {
			fmt.Printf("%s=%v\n", name, f(args[0]))
		}
	}
	fmt.Println("over=true")
}

// TestCell tries from inside a cell what FFmpeg does, and what it must not. Without a network, the child
// does not connect either.
func TestCell(t *testing.T) {
	poll.Alone(t) // the detector needs more memory than a child has
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := netip.MustParseAddrPort(l.Addr().String()).Port()
	var log mcutest.Log
	cell := ffmpeg.NewCell([]string{os.Args[0], asCell}, slog.New(slog.NewTextHandler(&log, nil)))
	for name, reach := range map[string]sandbox.Reach{"with a network": {Port: port}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			can := inside(t, cell, reach, port)
			for name := range needs {
				want := "<nil>"
				if name == "its port" && reach.Port == 0 {
					want = "operation not permitted"
				}
				if !strings.HasSuffix(can[name], want) {
					t.Errorf("%s: %s, not %s", name, can[name], want)
				}
			}
			for name := range attempts {
				if can[name] == "<nil>" {
					t.Errorf("%s: it could", name)
				}
			}
		})
	}
	if cell.Level() != sandbox.Full() || strings.Count(log.String(), "FFmpeg runs in a sandbox") != 1 {
		t.Errorf("the layers are %v, and the log %s", cell.Level(), log.String())
	}
}

// inside runs this program in a cell and returns what it could do.
func inside(t *testing.T, cell *ffmpeg.Cell, reach sandbox.Reach, port uint16) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var said []byte
	err = ffmpeg.Command{
		Program: os.Args[0], Args: []string{asHostile, strconv.Itoa(int(port))}, File: f, Cell: cell, Reach: reach,
		Out: func(r io.Reader) (err error) {
			said, err = io.ReadAll(r)
			return err
		},
	}.Run(t.Context())
	can := map[string]string{}
	for line := range strings.Lines(string(said)) {
		name, result, _ := strings.Cut(strings.TrimSpace(line), "=")
		can[name] = result
	}
	if err != nil || can["over"] != "true" {
		t.Fatalf("the child ended with %v, and said %s", err, said)
	}
	return can
}

// TestCellOfOldKernel: on a kernel without Landlock and seccomp, a child runs all the same, and the log says
// what is missing.
func TestCellOfOldKernel(t *testing.T) {
	var log mcutest.Log
	cell := ffmpeg.NewCell([]string{os.Args[0], asOldCell}, slog.New(slog.NewTextHandler(&log, nil)))
	var said []byte
	err := ffmpeg.Command{Program: script(t, "echo here"), Cell: cell, Out: func(r io.Reader) (err error) {
		said, err = io.ReadAll(r)
		return err
	}}.Run(t.Context())
	if err != nil || string(said) != "here\n" {
		t.Errorf("the child says %q, %v", said, err)
	}
	if cell.Level() != (sandbox.Level{Limits: true}) || !strings.Contains(log.String(), "sandbox that lacks layers") {
		t.Errorf("the layers are %v, and the log %s", cell.Level(), log.String())
	}
}

// TestCellStart: a program that cannot be started, in a cell, fails with the reason.
func TestCellStart(t *testing.T) {
	cell := ffmpeg.NewCell([]string{os.Args[0], asCell}, slog.New(slog.DiscardHandler))
	broken := program(t, "#!/no/such/shell\n")
	err := ffmpeg.Command{Program: broken, Cell: cell, Out: func(io.Reader) error { return nil }}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a broken program is %v", err)
	}
	if err := ffmpeg.Become([]string{"443", "ffmpeg"}); err == nil {
		t.Error("a port without a network is taken")
	}
}
