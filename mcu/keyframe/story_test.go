package keyframe

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/mcutest/story"
)

var update = flag.Bool("update", false, "write the stories as they are told now")

// TestStories plays each story of testdata: viewers ask for key frames of one rendition.
// The line below says what comes of it.
func TestStories(t *testing.T) {
	story.Test(t, *update, func(t *testing.T) func(io.Writer, string) {
		var s Requests
		budgets := map[string]*Budget{}
		return func(out io.Writer, line string) {
			after, what := story.At(t, line)
			play(t, &s, budgets, time.Unix(1_800_000_000, 0).Add(after), out, what)
		}
	})
}

// play has a viewer ask, or a picture be encoded.
func play(t *testing.T, s *Requests, budgets map[string]*Budget, now time.Time, out io.Writer, what string) {
	t.Helper()
	if who, asks := strings.CutSuffix(what, " asks"); asks {
		if budgets[who] == nil {
			budgets[who] = &Budget{}
		}
		if !budgets[who].Ask(now) {
			fmt.Fprintf(out, "    %s has to wait\n", who)
			return
		}
		budgets[who].Spend(now)
		s.Request()
	} else if what != "a picture is encoded" {
		t.Fatalf("nothing is known of %q", what)
	}
	switch {
	case s.Due(now):
		s.Made(now)
		fmt.Fprintln(out, "    a key frame is made")
	case s.wanted.Load():
		fmt.Fprintf(out, "    a key frame is due in %v\n", Interval-s.Age(now))
	default:
		fmt.Fprintln(out, "    an ordinary picture is made")
	}
}
