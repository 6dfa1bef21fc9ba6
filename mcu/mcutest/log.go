package mcutest

import (
	"bytes"
	"fmt"
	"image"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec/h264"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/mcutest/poll"
)

// inCell is the argument with which this program becomes FFmpeg.
const inCell = "codec-ffmpeg"

// Cell returns what locks FFmpeg in, in the tests of a package that has [Main].
func Cell(log *slog.Logger) *ffmpeg.Cell { return ffmpeg.NewCell([]string{os.Args[0], inCell}, log) }

// Main runs the tests of a package, with H.264, and fails if goroutines are left after them.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == inCell {
		fmt.Fprintln(os.Stderr, ffmpeg.Become(os.Args[2:]))
		os.Exit(1)
	}
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	poll.Main(m)
}

// Log keeps what is logged, or written to it. The zero value is empty. It is safe for
// concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Logger returns a logger of all levels.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write is io.Writer's.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Faults returns the lines that no test may cause.
func (l *Log) Faults() string {
	var bad []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "leaked") {
			bad = append(bad, line)
		}
	}
	return strings.Join(bad, "")
}

// Texture draws a pattern that moves: it takes bits to send.
func Texture(img *image.YCbCr, at time.Duration) {
	t := int(at / (10 * time.Millisecond))
	for y := range img.Rect.Dy() {
		row := img.Y[y*img.YStride:][:img.Rect.Dx()]
		for x := range row {
			row[x] = uint8(80 + ((x+t)*(y+t/2)>>5)&31 + ((x-t)^y)&15)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 120, 136
	}
}
