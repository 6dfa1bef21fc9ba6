package keyframe

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the stories as they are told now")

// TestStories plays each story of testdata: viewers ask for key frames of one rendition.
// The line below says what comes of it.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, string(was))
			if *update {
				if err := os.WriteFile(file, []byte(told), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if told != string(was) {
				t.Errorf("it goes differently (-update accepts that):\n%s", told)
			}
		})
	}
}

func tell(t *testing.T, story string) string {
	start := time.Unix(1_800_000_000, 0)
	var s Requests
	budgets := map[string]*Budget{}
	var b strings.Builder
	lines := bufio.NewScanner(strings.NewReader(story))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "    ") {
			continue // what was told before
		}
		fmt.Fprintln(&b, line)
		when, rest, ok := strings.Cut(line, " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		at, err := time.ParseDuration(when)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		now := start.Add(at)
		if who, asks := strings.CutSuffix(rest, " asks"); asks {
			if budgets[who] == nil {
				budgets[who] = &Budget{}
			}
			if !budgets[who].Ask(now) {
				fmt.Fprintf(&b, "    %s has to wait\n", who)
				continue
			}
			budgets[who].Spend(now)
			s.Request()
		} else if rest != "a picture is encoded" {
			t.Fatalf("nothing is known of %q", line)
		}
		switch {
		case s.Due(now):
			s.Made(now)
			fmt.Fprintln(&b, "    a key frame is made")
		case s.wanted.Load():
			fmt.Fprintf(&b, "    a key frame is due in %v\n", Interval-s.Age(now))
		default:
			fmt.Fprintln(&b, "    an ordinary picture is made")
		}
	}
	return b.String()
}
