package ffmpeg

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// tail keeps the last 4–8 KiB of FFmpeg's messages, in whole lines, because half a key would not be
// recognised as one. It is safe for concurrent use.
type tail struct {
	mu      sync.Mutex
	text    []byte
	skipped bool // the beginning of the next line is lost
}

// Write appends messages and drops old ones. It never fails.
func (t *tail) Write(p []byte) (int, error) {
	const least = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text); n > 2*least {
		t.text, t.skipped = append(t.text[:0], t.text[n-least:]...), true
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

// origin matches the prefix by which FFmpeg says which of its parts wrote a line.
var origin = regexp.MustCompile(`^\[[^\]]* @ 0x[0-9a-f]+\] *`)

// phrase matches what FFmpeg writes around a reason, or instead of one.
var phrase = regexp.MustCompile(`^(Could not write header for output file #\d+ \(.*\?\): |Error initializing output stream \d+:\d+ --|Conversion failed!$)`)

// reason returns the first and the last line that say something: the fault and its consequence.
// It is "" if there is none.
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
