package join

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const statusInterval = 3 * time.Second

// report prints a line of status every few seconds if the output is a terminal. It ends the call
// when the recording has failed.
func (c *call) report(ctx context.Context) error {
	tick := time.NewTicker(statusInterval)
	defer tick.Stop()
	var before sample
	watched := isTerminal(c.out)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if c.file != nil {
			if _, _, err := c.file.state(); err != nil {
				return errDone // closing the file says why
			}
		}
		now := c.sample()
		if watched {
			fmt.Fprintln(c.out, c.describe(now, before))
		}
		before = now
	}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// sample has the counts at one time.
type sample struct {
	at               time.Time
	sent, bytes      int64
	pictures, sounds uint64
}

func (c *call) sample() sample {
	s := sample{at: time.Now(), sent: c.sent.Load(), bytes: c.sentBytes.Load()}
	if conn := c.conn.Load(); conn != nil {
		s.pictures, s.sounds = conn.Received()
	}
	return s
}

// describe says what happened between two samples.
func (c *call) describe(now, before sample) string {
	if c.conn.Load() == nil {
		return "not connected"
	}
	seconds := max(now.at.Sub(before.at).Seconds(), 0.1)
	if before.at.IsZero() {
		seconds = statusInterval.Seconds()
	}
	var parts []string
	if n := c.people.Load(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d in the call", n))
	}
	if c.cmd.picture() != "" {
		size := c.size.Load()
		parts = append(parts, fmt.Sprintf("sending %dx%d, %.0f pictures/s, %.0f kbit/s",
			size>>32, uint32(size), float64(now.sent-before.sent)/seconds, float64(now.bytes-before.bytes)*8/1000/seconds))
	}
	if now.pictures < before.pictures {
		before.pictures, before.sounds = 0, 0
	}
	parts = append(parts, fmt.Sprintf("receiving %.0f pictures/s, %.0f packets of sound/s",
		float64(now.pictures-before.pictures)/seconds, float64(now.sounds-before.sounds)/seconds))
	if c.file != nil {
		length, size, _ := c.file.state()
		parts = append(parts, fmt.Sprintf("recorded %v, %.1f MB", length.Round(time.Second), float64(size)/1e6))
	}
	return strings.Join(parts, "; ")
}
