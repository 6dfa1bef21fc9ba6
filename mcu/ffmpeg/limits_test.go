package ffmpeg_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tilemix/mcu/ffmpeg"
)

// TestLimits has children show their limits and arguments, and take more memory than they may. The
// server keeps its own priority.
func TestLimits(t *testing.T) {
	var got []byte
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	own = 20 - own // getpriority(2)
	// The limits are set when the child runs, and In writes later.
	err = ffmpeg.Command{
		Program: script(t, `read line; echo data $(ulimit -d) space $(ulimit -v) nice $(nice) args "$@"`),
		Args:    []string{"-v", "error", "-i", "one", "-i", "two"}, Lower: true,
		In: func(w io.Writer) error {
			_, err := io.WriteString(w, "go\n")
			return err
		},
		Out: func(r io.Reader) (err error) {
			got, err = io.ReadAll(r)
			return err
		},
	}.Run(t.Context())
	const before = "-max_alloc 134217728 -max_pixels 8912896 -i "
	want := fmt.Sprintf("data 458752 space 1048576 nice %d args -v error "+before+"one "+before+"two\n", min(own+10, 19))
	if err != nil || string(got) != want {
		t.Errorf("the child has %q, %v; want %q", got, err, want)
	}
	if n, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || 20-n != own {
		t.Errorf("the server's priority is %d, %v", n, err)
	}
	err = ffmpeg.Command{
		Program: script(t, "read line; head -c 600000000 /dev/zero | tail -n 1 | wc -c"), Strict: true,
		In: func(w io.Writer) error {
			_, err := io.WriteString(w, "go\n")
			return err
		},
		Out: func(r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		},
	}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "memory exhausted") {
		t.Errorf("a child takes 600 MB: %v", err)
	}
}
