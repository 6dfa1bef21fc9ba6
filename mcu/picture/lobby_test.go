package picture

import (
	"image"
	"testing"
	"time"

	"tilemix/mcu/scene"
)

// TestLobbyChanges has a lobby change with its queue and once a minute, and cost nothing between.
func TestLobbyChanges(t *testing.T) {
	l, err := newLobby(Env{Lobby: "call"}, image.Pt(320, 180))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_000_020, 0) // a whole minute
	one, two := []scene.Waiter{{ID: "A", Since: at}}, []scene.Waiter{{ID: "A", Since: at}, {ID: "B", Since: at}}
	for i, x := range []struct {
		queue []scene.Waiter
		after time.Duration
		want  bool
	}{
		{nil, 0, true},
		{one, 0, true},
		{one, 59 * time.Second, false},
		{one, time.Minute, true},
		{two, time.Minute, true},
		{append([]scene.Waiter{}, two...), time.Minute, false},
		{nil, time.Minute, true},
	} {
		if got := l.compose(x.queue, at.Add(x.after)); got != x.want {
			t.Errorf("step %d: it changed: %v", i, got)
		}
	}
	l.compose(two, at)
	if n := testing.AllocsPerRun(100, func() { l.compose(two, at) }); n > 0 {
		t.Errorf("a picture that stays the same allocates %v times", n)
	}
	if l, err := newLobby(Env{}, image.Pt(320, 180)); l != nil || err != nil {
		t.Errorf("a room has the lobby %v, %v", l, err)
	}
}

// TestWaitedFor says times in words.
func TestWaitedFor(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "now", 59 * time.Second: "now", time.Minute: "1 min", 61 * time.Minute: "61 min"} {
		if got := waitedFor(d); got != want {
			t.Errorf("%v is %q, not %q", d, got, want)
		}
	}
}
