package viewer

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/mcutest/story"
)

var update = flag.Bool("update", false, "write the stories as they are told now")

// TestStories plays each story of testdata. A line is what happens to a viewer; the lines
// below it say what the viewer then does.
func TestStories(t *testing.T) {
	story.Test(t, *update, func(t *testing.T) func(io.Writer, string) {
		v := newWatching(t)
		return func(out io.Writer, line string) {
			v.out = out
			v.play(line)
		}
	})
}

// watching is a viewer and the renditions of a room that others watch too.
type watching struct {
	t      *testing.T
	viewer Subscription
	stream *stream
	rungs  []*fake // full, half and quarter
	shared bool    // others have the same renditions
	wanted bool    // the client asked for a key frame
	now    time.Time
	out    io.Writer
	had    string
}

var names = []string{"full", "half", "quarter", "sound alone"}

func newWatching(t *testing.T) *watching {
	s := &watching{t: t, stream: &stream{estimate: 3_000_000}, now: start, shared: true}
	for rung := range 3 {
		s.rungs = append(s.rungs, newFake(rung))
	}
	return s
}

// play has one thing happen.
func (s *watching) play(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "the viewer joins", line == "the viewer comes back":
		s.stream = &stream{estimate: s.stream.estimate}
		s.viewer.Attach(s.stream, s.stream, rungs())
	case word == "estimate":
		kbits, err := strconv.Atoi(strings.TrimSuffix(rest, " kbit/s"))
		if err != nil {
			s.t.Fatal(err)
		}
		s.stream.estimate = kbits * 1000
	case word == "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		s.run(d)
	case line == "the client asks for a key frame":
		s.wanted = true
		s.run(tick)
	case line == "the path drops the stream":
		s.stream.waits = true
		s.stream.held++
		s.run(tick)
	case line == "the viewer is alone":
		s.shared = false
	default:
		s.t.Fatalf("nothing is known of %q", line)
	}
}

const tick = 40 * time.Millisecond

func (s *watching) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(tick) {
		s.tick()
	}
}

// tick is what the picture clock does with one viewer.
func (s *watching) tick() {
	for _, r := range s.rungs {
		if r.Recount(); s.shared {
			r.share()
		}
	}
	d := s.viewer.Choose(Input{KeyWanted: s.wanted, Rungs: rungs()}, s.now)
	s.wanted = false
	if d.Ignored {
		s.say("the request is ignored")
	}
	if d.Rung < len(s.rungs) {
		s.viewer.Target(s.rungs[d.Rung].Rendition)
	} else {
		s.viewer.Target(nil)
	}
	if n := s.viewer.Replay(s.now, s.now); n > 0 {
		s.say("%d access units are replayed", n)
	}
	for i, r := range s.rungs {
		key := r.KeyAge(s.now) > time.Hour || r.keyDue(s.now)
		if key && r.KeyAge(s.now) < time.Hour {
			s.say("%s has an IDR", names[i])
		}
		s.viewer.Deliver(r.Rendition, r.encode(s.now, key), s.now)
	}
	s.stream.waits = false
	s.stream.bytes += uint64(s.bitrate()/8) * uint64(tick) / uint64(time.Second)
	s.describe(d.Rung)
}

// bitrate is what the viewer is sent.
func (s *watching) bitrate() int {
	if s.viewer.on == nil {
		return 0
	}
	return rungs()[s.viewer.on.Key().Rung].Bitrate
}

// describe says what the viewer has, when that is news.
func (s *watching) describe(want int) {
	has := "sound alone"
	if s.viewer.on != nil {
		has = names[s.viewer.on.Key().Rung]
	} else if want < len(s.rungs) {
		has = "nothing"
	}
	if s.viewer.next != nil {
		has += ", waits for " + names[s.viewer.next.Key().Rung]
	}
	if has != s.had {
		s.had = has
		s.say("has %s", has)
	}
}

func (s *watching) say(format string, args ...any) {
	fmt.Fprintf(s.out, "    %6.2fs "+format+"\n", append([]any{s.now.Sub(start).Seconds()}, args...)...)
}
