package worker

import (
	"errors"
	"image"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/sandbox"
)

// TestReply reads replies of any bytes, as a worker sends that a stream has taken over. What is taken
// for one lies within its slot.
func TestReply(t *testing.T) {
	slot := slotSize(1280 * 720)
	rapid.Check(t, func(t *rapid.T) {
		var b [size]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "plausible") {
			reply{
				result: result(rapid.IntRange(0, 9).Draw(t, "result")), slot: uint8(rapid.IntRange(0, 40).Draw(t, "slot")),
				width: rapid.IntRange(-1, 1<<15).Draw(t, "width"), height: rapid.IntRange(-1, 1<<15).Draw(t, "height"),
				held: rapid.Int64().Draw(t, "held"),
			}.put(&b)
		}
		var r reply
		if !r.get(&b, slot) {
			return
		}
		if r.slot >= slots || r.result < ready || r.result > failed {
			t.Errorf("taken: %+v", r)
		}
		if r.result == picture && (r.width < 1 || r.height < 1 || planes(r.width, r.height) > slot-unit || r.held < 0) {
			t.Errorf("taken for a picture: %+v", r)
		}
	})
}

// TestMessages sends what both sides say, and reads it.
func TestMessages(t *testing.T) {
	for _, sent := range []request{
		{task: open, slot: 3, kind: codec.VP8},
		{task: decode, slot: slots - 1, lost: true, length: unit},
		{task: shut},
	} {
		var b [size]byte
		var got request
		if sent.put(&b); !got.get(&b) || got != sent {
			t.Errorf("%+v is read as %+v", sent, got)
		}
	}
	for _, bad := range []request{{}, {task: shut + 1}, {task: open, slot: slots}, {task: decode, length: unit + 1}} {
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
		if got := (reply{flags: flagsOfLevel(l)}).level(); got != l {
			t.Errorf("%v is read as %v", l, got)
		}
	}
	for err, want := range map[error]result{limit.ErrTooLarge: tooLarge, limit.ErrNoMemory: noMemory, codec.ErrCorrupt: corrupt, codec.ErrClosed: failed} {
		if got := resultOf(err); got != want {
			t.Errorf("%v is %d, not %d", err, got, want)
		}
	}
}

// TestSlots lays pictures of many shapes into a slot, and reads them.
func TestSlots(t *testing.T) {
	if got := slotSize(0); got < unit+pixels*3/2 {
		t.Errorf("a slot without a limit has %d bytes", got)
	}
	mem, err := newMemory(slotSize(640 * 480))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	if err := mem.file.Truncate(1); err == nil {
		t.Error("the memory can be made smaller")
	}
	d := Decoder{at: &process{mem: mem}, slot: slots - 1}
	for _, size := range []image.Point{{640, 480}, {480, 640}, {2, 2}, {33, 17}, {1, 1}} {
		img := codectest.Picture(size.X+2, size.Y+2, 1)
		part := img.SubImage(image.Rectangle{Max: size}.Add(image.Pt(2, 2))).(*image.YCbCr)
		pack(mem.picture(d.slot), part)
		d.lay(size.X, size.Y)
		for y := range size.Y {
			for x := range size.X {
				if d.pic.YCbCrAt(x, y) != part.YCbCrAt(part.Rect.Min.X+x, part.Rect.Min.Y+y) {
					t.Fatalf("%v: another sample at %d, %d", size, x, y)
				}
			}
		}
	}
	mem.free(d.slot)
	if d.pic.Y[0] != 0 {
		t.Error("a free slot keeps its picture")
	}
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
	poll.Until(t, "it runs", func() bool { e := effortOf(busy.Process.Pid); return e.runs && e.used > 0 })
	if err := busy.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "it is stopped", func() bool { return !effortOf(busy.Process.Pid).runs })
	if effortOf(1<<30) != (effort{}) {
		t.Error("there is a program of no number")
	}
	for _, c := range []struct {
		runs bool
		used time.Duration
		want bool
	}{{true, 10 * time.Millisecond, true}, {true, 90 * time.Millisecond, false}, {false, 0, false}} {
		if got := (effort{c.runs, c.used}).starved(effort{}, 100*time.Millisecond); got != c.want {
			t.Errorf("%+v is starved: %v", c, got)
		}
	}
}
