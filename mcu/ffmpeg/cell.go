package ffmpeg

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"tilemix/mcu/sandbox"
)

const (
	secretFile = 3 // descriptors that a child is started with
	levelFile  = 4 // only in a cell, and until FFmpeg begins
)

// Cell locks children in: this program starts itself again, takes from itself what FFmpeg does not need
// (package sandbox), and becomes FFmpeg. A nil Cell locks nobody in. A Cell is safe for concurrent use.
type Cell struct {
	args  []string
	log   *slog.Logger
	level atomic.Pointer[sandbox.Level]
}

// NewCell returns a Cell. args is the command line, from the program's name on, with which this program calls
// [Become].
func NewCell(args []string, log *slog.Logger) *Cell { return &Cell{args: args, log: log} }

// Level returns the layers around the last child. There are none before the first.
func (c *Cell) Level() sandbox.Level {
	if l := c.level.Load(); l != nil {
		return *l
	}
	return sandbox.Level{}
}

// Describe is prometheus.Collector's.
func (c *Cell) Describe(ch chan<- *prometheus.Desc) { ch <- layersDesc }

// Collect is prometheus.Collector's.
func (c *Cell) Collect(ch chan<- prometheus.Metric) {
	for name, on := range c.Level().Layers() {
		var n float64
		if on {
			n = 1
		}
		ch <- prometheus.MustNewConstMetric(layersDesc, prometheus.GaugeValue, n, name)
	}
}

var layersDesc = prometheus.NewDesc("tilemix_ffmpeg_sandbox_layer", "Whether FFmpeg, since it last began, has a layer of the sandbox: 1 or 0.", []string{"layer"}, nil)

// enter returns the command line of a child in the cell.
func (c *Cell) enter(path string, args []string, to sandbox.Reach) []string {
	all := append([]string{}, c.args...)
	return append(append(all, reachText(to), path), args...)
}

// hear reads which layers a child has, and logs it once for each that there are.
func (c *Cell) hear(from io.ReadCloser) {
	defer from.Close()
	if c == nil {
		return
	}
	var b [1]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return // the child has ended, and says why
	}
	level := sandbox.LevelOf(b[0])
	if was := c.level.Swap(&level); was != nil && *was == level {
		return
	}
	if level == sandbox.Full() {
		c.log.Info("FFmpeg runs in a sandbox", "layers", level)
		return
	}
	c.log.Warn("FFmpeg runs in a sandbox that lacks layers, because the kernel does", "layers", level, "all", sandbox.Full())
}

// Become makes the process the FFmpeg that a [Cell] asks for. args are those behind the Cell's. It returns only
// with an error. The process becomes FFmpeg by execve(2), so its caller should have done little before.
func Become(args []string) error {
	if len(args) < 2 {
		return errors.New("this is for the server, which starts FFmpeg by it")
	}
	to, err := parseReach(args[0])
	if err != nil {
		return err
	}
	unix.CloseOnExec(levelFile)
	p := sandbox.Program{Path: args[1], Args: args[1:], Env: os.Environ(), Reach: to, Data: maxData, Space: maxAddresses, Files: filesOf(args[1])}
	return p.Become(func(l sandbox.Level) error {
		if _, err := unix.Write(levelFile, []byte{l.Bits()}); err != nil {
			return fmt.Errorf("write to the server: %w", err) // it has ended
		}
		return nil
	})
}

// filesOf returns what a program at a path reads besides the system's libraries: its own, certificates that
// variables name, and the file that the server gives it.
func filesOf(path string) []string {
	files := []string{filepath.Join(filepath.Dir(filepath.Dir(path)), "lib")}
	for _, name := range []string{"LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		files = append(files, filepath.SplitList(os.Getenv(name))...)
	}
	var info unix.Stat_t
	if unix.Fstat(secretFile, &info) == nil && info.Mode&unix.S_IFMT == unix.S_IFREG {
		files = append(files, fmt.Sprintf("/proc/self/fd/%d", secretFile))
	}
	return files
}

// reachText says where a child may connect to.
func reachText(to sandbox.Reach) string {
	if to.UDP {
		return fmt.Sprintf("udp:%d", to.Port)
	}
	return fmt.Sprintf("tcp:%d", to.Port)
}

// parseReach reads what reachText wrote.
func parseReach(text string) (to sandbox.Reach, err error) {
	network, port, _ := strings.Cut(text, ":")
	if _, err := fmt.Sscan(port, &to.Port); err != nil || network != "tcp" && network != "udp" {
		return to, fmt.Errorf("%q is no port, as tcp:443 is", text)
	}
	to.UDP = network == "udp"
	return to, nil
}
