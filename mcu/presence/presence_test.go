package presence

import (
	"flag"
	"fmt"
	"io"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/mcutest/story"
)

var update = flag.Bool("update", false, "write the stories as they are told now")

var start = time.Unix(1_800_000_000, 0)

// at is a presence in a state, with a resume token or without.
func at(s State, resumable bool) Presence {
	p := Join(resumable, start)
	switch s {
	case Joining:
	case Connected:
		p.Connect()
	case Lost:
		p.Connect()
		p.Disconnect(true, start)
	case Leaving:
		p = Presence{state: Leaving, resumable: resumable, media: true, control: true, deadline: start.Add(GraceGone)}
	case Left:
		p.Leave()
	}
	return p
}

const later = 3 * time.Second

// events are all that can happen.
var events = map[string]func(*Presence){
	"connect": func(p *Presence) { p.Connect() },
	"close":   func(p *Presence) { p.Disconnect(false, start.Add(later)) },
	"fail":    func(p *Presence) { p.Disconnect(true, start.Add(later)) },
	"lose":    func(p *Presence) { p.LoseControl(false, start.Add(later)) },
	"goodbye": func(p *Presence) { p.LoseControl(true, start.Add(later)) },
	"resume":  func(p *Presence) { p.Resume(start.Add(later)) },
	"expire":  func(p *Presence) { p.Expire(start.Add(time.Hour)) },
	"early":   func(p *Presence) { p.Expire(start.Add(later)) },
	"leave":   func(p *Presence) { p.Leave() },
}

// TestTransitions has everything happen in every state: what becomes of a participant
// with a resume token, and of one without.
func TestTransitions(t *testing.T) {
	table := map[string]map[State][2]State{ // with a token, without
		"connect": {Joining: {Connected, Connected}, Connected: {Connected, Connected}, Lost: {Connected, Connected}, Leaving: {Leaving, Leaving}},
		"close":   {Joining: {Joining, Left}, Connected: {Lost, Left}, Lost: {Lost, Left}, Leaving: {Leaving, Left}},
		"fail":    {Joining: {Joining, Left}, Connected: {Lost, Lost}, Lost: {Lost, Lost}, Leaving: {Leaving, Leaving}},
		"lose":    {Joining: {Left, Left}, Connected: {Connected, Left}, Lost: {Lost, Left}, Leaving: {Connected, Left}},
		"goodbye": {Joining: {Left, Left}, Connected: {Leaving, Left}, Lost: {Leaving, Left}, Leaving: {Leaving, Left}},
		"resume":  {Joining: {Joining, Joining}, Connected: {Lost, Lost}, Lost: {Lost, Lost}, Leaving: {Lost, Lost}},
		"expire":  {Joining: {Left, Left}, Connected: {Connected, Connected}, Lost: {Left, Left}, Leaving: {Left, Left}},
		"early":   {Joining: {Joining, Joining}, Connected: {Connected, Connected}, Lost: {Lost, Lost}, Leaving: {Leaving, Leaving}},
		"leave":   {Joining: {Left, Left}, Connected: {Left, Left}, Lost: {Left, Left}, Leaving: {Left, Left}},
	}
	for name, happen := range events {
		for from := Joining; from <= Left; from++ {
			for i, resumable := range []bool{true, false} {
				want := Left
				if from != Left {
					want = table[name][from][i]
				}
				p := at(from, resumable)
				if p.State() != from {
					t.Fatalf("the test begins in %v, not %v", p.State(), from)
				}
				if happen(&p); p.State() != want {
					t.Errorf("%v, resumable %v: %s makes it %v, not %v", from, resumable, name, p.State(), want)
				}
			}
		}
	}
}

// TestDeadlines looks at how long each participant has to come back.
func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		from State
		what string
		want time.Duration // since start; 0: for ever
	}{
		{Joining, "early", ConnectTimeout},
		{Joining, "connect", 0},
		{Joining, "fail", ConnectTimeout},
		{Connected, "fail", later + GraceLost},
		{Connected, "close", later + GraceLost},
		{Connected, "lose", 0},
		{Connected, "goodbye", later + GraceGone},
		{Connected, "resume", later + ConnectTimeout},
		{Lost, "fail", GraceLost}, // the time it has runs already
		{Lost, "lose", later + GraceLost},
		{Lost, "goodbye", later + GraceGone},
		{Lost, "resume", later + ConnectTimeout},
		{Leaving, "connect", GraceGone}, // a goodbye stays in force
		{Leaving, "close", GraceGone},
		{Leaving, "resume", later + ConnectTimeout},
	} {
		p := at(c.from, true)
		events[c.what](&p)
		deadline, ok := p.Deadline()
		if ok != (c.want != 0) || ok && !deadline.Equal(start.Add(c.want)) {
			t.Errorf("%v, %s: it has until %v (%v), not %v", c.from, c.what, deadline.Sub(start), ok, c.want)
		}
	}
}

// TestInject has a participant without connections: only Leave ends it.
func TestInject(t *testing.T) {
	p := Inject()
	if p.State() != Connected || !p.MediaUp() || !p.HasTile() || p.Expire(start.Add(1000*time.Hour)) {
		t.Errorf("an injected participant is %v", p.State())
	}
	if p.Leave(); p.State() != Left || p.MediaUp() {
		t.Errorf("it left and is %v", p.State())
	}
}

// TestInvariants has anything happen in any order.
func TestInvariants(t *testing.T) {
	names := []string{"connect", "close", "fail", "lose", "goodbye", "resume", "early", "leave"}
	rapid.Check(t, func(t *rapid.T) {
		p := Join(rapid.Bool().Draw(t, "resumable"), start)
		for _, name := range rapid.SliceOf(rapid.SampledFrom(names)).Draw(t, "events") {
			was := p.State()
			events[name](&p)
			_, limited := p.Deadline()
			switch s := p.State(); {
			case was == Left && s != Left:
				t.Fatalf("%s brings a participant back that has left", name)
			case p.MediaUp() && s != Connected && s != Leaving, s == Connected && !p.MediaUp():
				t.Fatalf("%s: %v with media up %v", name, s, p.MediaUp())
			case was != Joining && s == Joining:
				t.Fatalf("%s makes a %v participant join again", name, was)
			case limited != (s == Joining || s == Lost || s == Leaving):
				t.Fatalf("%s: %v has a deadline: %v", name, s, limited)
			case p.MediaLost() != (s == Lost || s == Leaving && !p.MediaUp()):
				t.Fatalf("%s: %v has lost its media: %v", name, s, p.MediaLost())
			}
		}
	})
}

// TestStories plays each story of testdata: a line is a time and what happens then, and
// the line below says what becomes of the participant.
func TestStories(t *testing.T) {
	story.Test(t, *update, func(t *testing.T) func(io.Writer, string) {
		var p Presence
		return func(out io.Writer, line string) {
			after, what := story.At(t, line)
			play(t, &p, start.Add(after), what)
			fmt.Fprintf(out, "    %s\n", describe(&p))
		}
	})
}

// play has one thing happen to a participant.
func play(t *testing.T, p *Presence, now time.Time, what string) {
	t.Helper()
	switch what {
	case "joins with a resume token":
		*p = Join(true, now)
	case "joins":
		*p = Join(false, now)
	case "media is up":
		p.Connect()
	case "media is closed":
		p.Disconnect(false, now)
	case "media fails":
		p.Disconnect(true, now)
	case "control is lost":
		p.LoseControl(false, now)
	case "says goodbye":
		p.LoseControl(true, now)
	case "comes back":
		p.Resume(now)
	case "time passes":
		p.Expire(now)
	default:
		t.Fatalf("nothing is known of %q", what)
	}
}

func describe(p *Presence) string {
	s := p.State().String()
	if p.MediaUp() {
		s += ", media up"
	}
	if p.ControlLost() {
		s += ", control lost"
	}
	if p.HasTile() {
		s += ", has a tile"
	}
	if d, ok := p.Deadline(); ok {
		s += fmt.Sprintf(", until %v", d.Sub(start))
	}
	return s
}

// TestNeverForEver has anything happen at any times: a participant whose media is not up has left when
// the longest grace is over since the last event, and it leaves once.
func TestNeverForEver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		p := Join(rapid.Bool().Draw(t, "resumable"), now)
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			if p.Expire(now) {
				break
			}
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				p.Connect()
			case 2:
				p.Disconnect(rapid.Bool().Draw(t, "failed"), now)
			case 3:
				p.LoseControl(rapid.Bool().Draw(t, "goodbye"), now)
			case 4, 5:
				p.Resume(now)
			}
			if d, ok := p.Deadline(); ok && (d.After(now.Add(GraceLost)) || d.Before(now)) {
				t.Fatalf("%v has %v left", p.State(), d.Sub(now))
			}
		}
		was := p
		if gone := p.Expire(now.Add(GraceLost)); gone != (was.State() != Connected && was.State() != Left) {
			t.Fatalf("%v has left after %v: %v", was.State(), GraceLost, gone)
		}
		if p.Expire(now.Add(2 * GraceLost)) {
			t.Fatal("it leaves twice")
		}
	})
}
