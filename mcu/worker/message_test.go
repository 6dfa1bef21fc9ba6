package worker

import (
	"errors"
	"image"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/sandbox"
	"tilemix/mixer/layout"
)

// TestReply reads replies of any bytes, as a worker sends that a stream has taken over. What is taken
// for one lies within its slot.
func TestReply(t *testing.T) {
	mem, err := newMemory(slotSize(1280*720, 1280*720))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	d := Decoder{at: &process{mem: mem}}
	pool := yuv.NewPool(fit.Most)
	rapid.Check(t, func(t *rapid.T) {
		var b [size]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "plausible") {
			reply{
				result: result(rapid.IntRange(0, 9).Draw(t, "result")),
				width:  rapid.IntRange(-1, 1<<15).Draw(t, "width"), height: rapid.IntRange(-1, 1<<15).Draw(t, "height"),
				held: rapid.Int64().Draw(t, "held"),
			}.put(&b)
		}
		d.r.wanted = wanted(t)
		var r reply
		if !r.get(&b) {
			return
		}
		if r.result < ready || r.result > heard || r.held < 0 {
			t.Errorf("taken: %+v", r)
		}
		if r.result != picture || !d.fits(r) {
			return
		}
		d.source = image.Pt(r.width, r.height)
		if d.r.wanted.Tiles == ([fit.Most]image.Point{}) {
			lay(mem.pictures(0), r.width, r.height)
			return
		}
		d.r.wanted.Gather(pool, d.source, &d).Frame.Release() // panics where it reads beyond the slot
		if n := pool.Live(); n != 0 {
			t.Errorf("%d frames are left", n)
		}
	})
}

// wanted draws tiles, of which the first may be none.
func wanted(t *rapid.T) fit.Wanted {
	w := fit.Wanted{Kind: layout.SourceKind(rapid.IntRange(0, 1).Draw(t, "kind"))}
	for i := range rapid.IntRange(0, fit.Most).Draw(t, "tiles") {
		w.Tiles[i] = image.Pt(rapid.IntRange(0, 1920).Draw(t, "x"), rapid.IntRange(0, 1080).Draw(t, "y"))
	}
	return w
}

// TestMessages sends what both sides say, and reads it.
func TestMessages(t *testing.T) {
	for _, sent := range []request{
		{task: enter, slot: 3},
		{task: decode, kind: codec.VP8, anew: true, length: unit},
		{task: decode, kind: codec.H264, lost: true, length: 1, wanted: fit.Wanted{
			Kind: layout.Screen, Whole: 0b1010, Tiles: [fit.Most]image.Point{{1280, 720}, {1, 2}, {640, 0}, {65535, 65534}},
		}},
		{task: shut},
		{task: listen, length: mostOrders},
	} {
		var b [size]byte
		var got request
		if sent.put(&b); !got.get(&b) || got != sent {
			t.Errorf("%+v is read as %+v", sent, got)
		}
	}
	for _, bad := range []request{{}, {task: listen + 1}, {task: enter, slot: slots}, {task: decode, length: unit + 1}} {
		var b [size]byte
		if bad.put(&b); new(request).get(&b) {
			t.Errorf("%+v is taken", bad)
		}
	}
	for _, c := range []yuv.Colour{{}, {FullRange: true}, {BT709: true}, {FullRange: true, BT709: true}} {
		if got := (reply{flags: flagsOf(c)}).colour(); got != c {
			t.Errorf("%+v is read as %+v", c, got)
		}
	}
	for _, l := range []sandbox.Level{{}, {Limits: true}, {Seccomp: true}, sandbox.Full()} {
		if got := (reply{flags: l.Bits()}).level(); got != l {
			t.Errorf("%v is read as %v", l, got)
		}
	}
	for err, want := range map[error]result{limit.ErrTooLarge: tooLarge, limit.ErrNoMemory: noMemory, codec.ErrCorrupt: corrupt, codec.ErrClosed: failed} {
		if got := resultOf(err); got != want {
			t.Errorf("%v is %d, not %d", err, got, want)
		}
	}
}

// TestSlots draws pictures of many shapes into a slot, and reads them.
func TestSlots(t *testing.T) {
	if got := slotSize(0, 0); got < unit+pixels*3/2 {
		t.Errorf("a slot without a limit has %d bytes", got)
	}
	mem, err := newMemory(slotSize(640*480, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	if err := mem.file.Truncate(1); err == nil {
		t.Error("the memory can be made smaller")
	}
	b := desk{tenant: &tenant{mem: mem}, slot: slots - 1}
	for _, size := range []image.Point{{640, 480}, {480, 640}, {2, 2}, {33, 17}, {1, 1}} {
		img := codectest.Picture(size.X+2, size.Y+2, 1)
		part := img.SubImage(image.Rectangle{Max: size}.Add(image.Pt(2, 2))).(*image.YCbCr)
		if got := b.draw(part, &fit.Wanted{}); got != picture {
			t.Fatalf("%v: it is %d", size, got)
		}
		got := lay(mem.pictures(b.slot), size.X, size.Y)
		for y := range size.Y {
			for x := range size.X {
				if got.YCbCrAt(x, y) != part.YCbCrAt(part.Rect.Min.X+x, part.Rect.Min.Y+y) {
					t.Fatalf("%v: another sample at %d, %d", size, x, y)
				}
			}
		}
	}
	if got := b.draw(codectest.Picture(1280, 720, 1), &fit.Wanted{}); got != tooLarge {
		t.Errorf("a picture that has no room in the slot is %d", got)
	}
	mem.free(b.slot)
	if mem.pictures(b.slot)[0] != 0 {
		t.Error("a free slot keeps its picture")
	}
}

// TestDoor passes the turn, lets it go after a while, and takes it from a worker that has died.
func TestDoor(t *testing.T) {
	mem, err := newMemory(slotSize(2, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	theirs, err := openMemory(mem.file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(theirs.bytes) }()
	ours, worker := mem.door(3), theirs.door(3)
	ours.ask(request{task: decode, length: 7})
	if ours.settled(time.Millisecond) {
		t.Error("there is a reply")
	}
	go func() {
		worker.asked()
		var r request
		r.get(worker.request)
		worker.answer(reply{result: picture, width: r.length, height: 1})
	}()
	var r reply
	if !ours.settled(time.Minute) || !r.get(ours.reply) || r.width != 7 {
		t.Errorf("the reply is %+v", r)
	}
	ours.ask(request{task: shut})
	p := process{mem: mem}
	finished := make(chan struct{})
	go func() { p.finish(); close(finished) }()
	if !ours.settled(time.Minute) || !p.ended() {
		t.Error("the death is not told")
	}
	<-finished
}

// TestClaims bounds what decoders hold in all workers, by what these say.
func TestClaims(t *testing.T) {
	most := limit.NewMemory(1000)
	p := NewPool(Config{Limits: limit.Limits{Memory: most}})
	d, other := p.NewCrew().NewDecoder(codec.H264), p.NewCrew().NewDecoder(codec.H264)
	for _, c := range []struct {
		d    *Decoder
		held int64
		want error
		sum  int64
	}{{d, 600, nil, 600}, {other, 400, nil, 1000}, {d, 601, limit.ErrNoMemory, 400}, {other, 100, nil, 100}} {
		if _, err := c.d.take(reply{result: none, held: c.held}); !errors.Is(err, c.want) {
			t.Errorf("%d bytes more: %v", c.held, err)
		}
		if errors.Is(c.want, limit.ErrNoMemory) {
			c.d.claim.Release() // as leave does where there is a worker
		}
		if got := most.Held(); got != c.sum {
			t.Errorf("%d bytes are held, not %d", got, c.sum)
		}
	}
}

// TestEnvironment: a worker gets none of the server's secrets.
func TestEnvironment(t *testing.T) {
	t.Setenv("TILEMIX_WEBHOOK_SECRET", "secret")
	for _, v := range environment(limit.Limits{}) {
		if strings.Contains(v, "secret") {
			t.Errorf("it gets %s", v)
		}
	}
}

// TestEffort looks at a program that runs, one that is stopped and one that is gone.
func TestEffort(t *testing.T) {
	busy := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Process.Kill(); _ = busy.Wait() }()
	poll.Until(t, "it runs", func() bool { e := effortOf(busy.Process.Pid); return e.runs && !e.stopped && e.used > 0 })
	if err := busy.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "it is stopped", func() bool { e := effortOf(busy.Process.Pid); return !e.runs && e.stopped })
	if effortOf(1<<30) != (effort{}) {
		t.Error("there is a program of no number")
	}
	before := effort{runs: true, used: time.Second}
	for _, c := range []struct {
		runs bool
		used time.Duration
		want bool
	}{{true, 1100 * time.Millisecond, false}, {true, 1390 * time.Millisecond, true}, {false, time.Second, true}} {
		if got := (effort{runs: c.runs, used: c.used}).hangs(before, 400*time.Millisecond); got != c.want {
			t.Errorf("%+v hangs: %v", c, got)
		}
	}
}

// TestMoved has a process work in another thread than the one that is read, as a goroutine that moves does.
func TestMoved(t *testing.T) {
	for _, c := range []struct {
		busyAt int // the reading that sees it
		want   bool
	}{{1, true}, {2, true}, {3, true}, {100, false}} {
		reads := 0
		e := surely(func() effort { reads++; return effort{runs: reads == c.busyAt} })
		if e.runs != c.want || reads > 3 {
			t.Errorf("seen at reading %d: %+v after %d", c.busyAt, e, reads)
		}
	}
}
