package bench

import (
	"image"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
)

// TestChildren counts what a child of this process used to it, while the child lives and when it has
// ended, and what an FFmpeg used apart.
func TestChildren(t *testing.T) {
	before, err := look(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	burn := func(command string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command("sh", "-c", command)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = in.Close() })
		return cmd
	}
	const work = `i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo x; read wait`
	worker := burn(work)
	used := func() (workers, ffmpegs time.Duration) {
		t.Helper()
		now, err := look(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return now.workers - before.workers, now.ffmpegs - before.ffmpegs
	}
	alive, ffmpegs := used()
	if alive < 2*tick || ffmpegs != 0 {
		t.Errorf("a child used %v, and FFmpegs %v", alive, ffmpegs)
	}
	_ = worker.Process.Kill()
	_ = worker.Wait()
	if ended, _ := used(); ended < alive {
		t.Errorf("%v after it ended, %v before", ended, alive)
	}
	other := burn(`printf ffmpeg > /proc/self/comm; ` + strings.Replace(work, "echo", "printf ffmpeg > /proc/$$/comm; echo", 1))
	if _, ffmpegs := used(); ffmpegs < 2*tick {
		t.Errorf("an FFmpeg used %v", ffmpegs)
	}
	_ = other.Process.Kill()
	_ = other.Wait()
}

// TestAdded takes the median of what each pair shows.
func TestAdded(t *testing.T) {
	r := &Result{Pairs: []Pair{
		{Without: 100, With: 300, ComposeWithout: 10, ComposeWith: 11},
		{Without: 200, With: 300, ComposeWithout: 10, ComposeWith: 14},
		{Without: 100, With: 250, ComposeWithout: 10, ComposeWith: 12},
	}}
	if cpu, compose, factor := r.Pairs.added(), r.Pairs.composed(), r.Pairs.factor(); cpu != 150 || compose != 2 || factor != 2.5 {
		t.Errorf("%v, %v ms/s and %v", cpu, compose, factor)
	}
	if (&Result{}).Pairs.added() != 0 {
		t.Error("something is added to nothing")
	}
}

// TestChanges finds the first picture of each view, and not the pictures of the view before.
func TestChanges(t *testing.T) {
	key, other := []byte{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 1}, []byte{0, 0, 0, 1, 0x41, 0x9a}
	if !isKey(key) || isKey(other) || isKey(nil) || isKey([]byte{0, 0, 1}) {
		t.Error("an IDR is not told from others")
	}
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	units := []bot.Unit{{Data: key, At: at(-10)}, {Data: other, At: at(20)}, {Data: key, At: at(90)}, {Data: other, At: at(1220)}, {Data: key, At: at(1400)}}
	changed := []time.Time{at(0), at(1200), at(2400)}
	known, fresh, missed := changesSeen(units, changed)
	if !slices.Equal(known, []float64{90}) || !slices.Equal(fresh, []float64{200}) || missed != 1 {
		t.Errorf("%v, %v, %d missed", known, fresh, missed)
	}
}

// TestWishes has fifty viewers wish what no other does, and four views differ.
func TestWishes(t *testing.T) {
	all := orders([]string{"a", "b", "c", "d"})
	seen := map[string]bool{}
	for _, pins := range all {
		seen[strings.Join(pins, " ")] = true
	}
	if len(seen) != len(all) || len(all) != 64 {
		t.Errorf("%d wishes, %d different", len(all), len(seen))
	}
	tiles := quartetTiles(9)
	if tiles[0][0].Source.Participant != "bot 1" || tiles[1][0].Source.Participant != "bot 2" || len(tiles[2]) != 8 {
		t.Errorf("tiles are %v", tiles)
	}
}

// TestDeck has a slide that stands still for a picture a second, and one that moves.
func TestDeck(t *testing.T) {
	d, err := newDeck(image.Pt(640, 360))
	if err != nil {
		t.Fatal(err)
	}
	if d.still.Every != 30 || len(d.still.Pictures) != len(d.clip.Keys)/30 || d.moving.Every != 1 || len(d.moving.Pictures) < len(d.clip.Keys) {
		t.Errorf("%d pictures of %d, one in %d; moving %d, one in %d",
			len(d.still.Pictures), len(d.clip.Keys), d.still.Every, len(d.moving.Pictures), d.moving.Every)
	}
	size := func(payloads [][]byte) (n int) {
		for _, p := range payloads {
			n += len(p)
		}
		return n
	}
	if first, last := size(d.still.Pictures[0]), size(d.still.Pictures[stillFor-1]); last*50 > first {
		t.Errorf("a picture that changes nothing has %d bytes, the first %d", last, first)
	}
	moving := 0
	for _, p := range d.moving.Pictures[:moves] {
		moving += size(p)
	}
	if moving < 3*size(d.still.Pictures[0]) {
		t.Errorf("pictures that move have %d bytes in all, the first of a still slide %d", moving, size(d.still.Pictures[0]))
	}
}

// TestScenariosAreDocumented finds each scenario in the help and in the guide.
func TestScenariosAreDocumented(t *testing.T) {
	guide, err := os.ReadFile("../../../web/docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	help, err := os.ReadFile("command.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios() {
		if !strings.Contains(string(guide), "`"+s.Name+"`") || !strings.Contains(string(help), s.Name+",") && !strings.Contains(string(help), s.Name+" or all") {
			t.Errorf("%s is not documented", s.Name)
		}
	}
}
