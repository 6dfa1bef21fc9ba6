package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/h264/libav"
	"tilemix/codec/limit"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/sandbox"
	"tilemix/mcu/worker"
	"tilemix/mixer/layout"
)

// asWorker is the argument with which this program is a worker, and obedient that with which its streams
// give no orders.
const asWorker, obedient = "codec-worker", "obedient"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asWorker {
		if err := h264.Open(""); err != nil {
			os.Exit(3)
		}
		child := worker.Child{NewDecoder: newDecoder, NewVoice: newVoice}
		if err := disguise(os.Args); err != nil {
			os.Exit(5)
		}
		if slices.Contains(os.Args, byLibavcodec) {
			if err := libav.Open(); err != nil {
				os.Exit(6)
			}
			child.NewDecoder = func(_ codec.Kind, l limit.Limits) (codec.VideoDecoder, error) { return libav.NewDecoder(l) }
		}
		if slices.Contains(os.Args, obedient) {
			child.NewDecoder = func(kind codec.Kind, l limit.Limits) (codec.VideoDecoder, error) { return table.Of(kind).NewDecoder(l) }
			child.NewVoice = nil
		}
		if child.Serve() != nil {
			os.Exit(4)
		}
		return
	}
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	poll.Main(m)
}

// byLibavcodec is the argument with which a worker decodes by libavcodec.
const byLibavcodec = "by-libavcodec"

// The arguments with which a worker is another user's, or has a kernel without Landlock or seccomp.
const byNobody, onOldKernel = "by-nobody", "on-old-kernel"

// disguise makes the process what its arguments say.
func disguise(args []string) error {
	if slices.Contains(args, byNobody) {
		const nobody = 65534
		return errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody))
	}
	if !slices.Contains(args, onOldKernel) {
		return nil
	}
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: []string{"seccomp", "landlock_create_ruleset"}}},
	}})
}

// hostile is a decoder that does what an access unit says, as one would that a stream has taken over.
type hostile struct{ codec.VideoDecoder }

func newDecoder(kind codec.Kind, l limit.Limits) (codec.VideoDecoder, error) {
	dec, err := table.Of(kind).NewDecoder(l)
	return hostile{dec}, err
}

func (h hostile) MarkLoss() { h.VideoDecoder.(codec.LossMarker).MarkLoss() }

func (h hostile) Decode(au []byte) (*image.YCbCr, error) {
	if order, ok := bytes.CutPrefix(au, []byte("!")); ok {
		return nil, orders[string(order)]()
	}
	return h.VideoDecoder.Decode(au)
}

var sink int // of what spins

// orders are what a stream tries that has taken over a worker. Each must fail or end the worker.
var orders = map[string]func() error{
	"crash": func() error { *(*int)(nil) = 1; return nil },
	"spin": func() error {
		for n := 0; ; n++ {
			sink = n
		}
	},
	"slow": func() error {
		for began := time.Now(); time.Since(began) < 200*time.Millisecond; sink++ {
		}
		return codec.ErrCorrupt
	},
	"work": func() error { // an honest one that is dear
		var began, now unix.Timespec
		for _ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &began); now.Nano()-began.Nano() < int64(150*time.Millisecond); sink++ {
			if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now); err != nil {
				return err
			}
		}
		return codec.ErrCorrupt
	},
	"stop":    func() error { return unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP) },
	"open":    func() error { _, err := os.ReadFile("/etc/passwd"); return err },
	"write":   func() error { return os.WriteFile("/tmp/tilemix-worker", nil, 0o600) },
	"connect": func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
	"listen":  func() error { _, err := net.Listen("unix", "@tilemix-worker"); return err },
	"exec":    func() error { return exec.CommandContext(context.Background(), "/bin/true").Run() },
	"kill":    func() error { return unix.Kill(os.Getppid(), 0) },
	"trace":   func() error { return unix.PtraceAttach(os.Getppid()) },
	"peek": func() error {
		b := make([]byte, 8)
		_, err := unix.ProcessVMReadv(os.Getppid(), []unix.Iovec{{Base: &b[0], Len: 8}}, []unix.RemoteIovec{{Base: 4096, Len: 8}}, 0)
		return err
	},
	"code": func() error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_EXEC|unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	},
	"memory": func() error {
		_, err := unix.Mmap(-1, 0, 16<<30, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	},
}

// pool runs a pool for the time of a test. It waits for as long as a worker may take to start on a busy machine.
func pool(t testing.TB, change func(*worker.Config)) *worker.Pool {
	t.Helper()
	cfg := worker.Config{
		Args: []string{"tilemix", asWorker}, Limits: limit.Limits{Pixels: 1280 * 720}, Tile: 1280 * 720, Patience: time.Minute,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if change != nil {
		change(&cfg)
	}
	p := worker.NewPool(cfg)
	t.Cleanup(running(t, p))
	return p
}

// running runs a pool until end is called.
func running(t testing.TB, p *worker.Pool) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return func() { cancel(); <-done }
}

// TestConformance decodes in a worker what a decoder in the process has to.
func TestConformance(t *testing.T) {
	p := pool(t, nil)
	crew := p.NewCrew()
	first := crew.NewDecoder(codec.H264)
	defer first.Close()
	await(t, first, film(t, 320, 180, 1)[0])
	poll.Until(t, "two spare workers", func() bool { return p.Stats().Workers == 3 }) // one that starts allocates
	for _, kind := range []codec.Kind{codec.H264, codec.VP8} {
		t.Run(kind.String(), func(t *testing.T) {
			codectest.Video(t, codectest.VideoCodec{
				NewEncoder:   func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return table.Of(kind).NewEncoder(cfg) },
				NewDecoder:   func() (codec.VideoDecoder, error) { return crew.NewDecoder(kind), nil },
				OddSizes:     kind == codec.VP8,
				AnyBytes:     kind == codec.VP8,
				EncodeAllocs: 2,
			})
		})
	}
}

// TestTiles decodes in a worker to tiles of many sizes, odd ones and none among them. The pixels are
// those that this process makes.
func TestTiles(t *testing.T) {
	crew := pool(t, nil).NewCrew()
	remote := crew.NewDecoder(codec.H264)
	defer remote.Close()
	dec, err := table.Of(codec.H264).NewDecoder(limit.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	local := fit.Local{Decoder: dec}
	units := film(t, 320, 180, 8)
	frames := yuv.NewPool(2 * fit.Most)
	for i, w := range []fit.Wanted{
		{Tiles: [fit.Most]image.Point{{426, 240}}},
		{Tiles: [fit.Most]image.Point{{640, 480}, {1280, 720}, {98, 51}, {320, 180}}},
		{Kind: layout.Screen, Tiles: [fit.Most]image.Point{{240, 240}, {}, {100, 400}}},
		{Tiles: [fit.Most]image.Point{{1, 1}, {320, 180}}},
		{Tiles: [fit.Most]image.Point{{}, {320, 180}}},
		{Tiles: [fit.Most]image.Point{{318, 178}}},
	} {
		want, err := local.DecodeTiles(units[i], w, frames)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.DecodeTiles(units[i], w, frames)
		if err != nil || got.Source != want.Source {
			t.Fatalf("%v: it is %v (%v), not %v", w, got.Source, err, want.Source)
		}
		a, b := got.Frame, want.Frame
		for ; a != nil && b != nil; a, b = a.Other, b.Other {
			if a.Rect != b.Rect || !bytes.Equal(a.Y, b.Y) || !bytes.Equal(a.Cb, b.Cb) || !bytes.Equal(a.Cr, b.Cr) {
				t.Errorf("%v: another picture of %v", w, a.Rect.Size())
			}
		}
		if a != nil || b != nil {
			t.Errorf("%v: another number of pictures", w)
		}
		got.Frame.Release()
		want.Frame.Release()
	}
	if frames.Live() != 0 {
		t.Errorf("%d frames are left", frames.Live())
	}
}

// TestLibavcodec decodes by libavcodec in a worker, with all layers of the sandbox. The stream changes its
// size, and a loss and a fault are mended by the next key frame.
func TestLibavcodec(t *testing.T) {
	if err := libav.Open(); err != nil {
		t.Skip(err)
	}
	p := pool(t, func(c *worker.Config) { c.Args = append(c.Args, byLibavcodec) })
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	for _, size := range []image.Point{{320, 180}, {1280, 720}} {
		units := film(t, size.X, size.Y, 4)
		for _, au := range units[:3] {
			decode(t, d, au)
		}
		if _, err := d.Decode(units[3][:len(units[3])/2]); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("half an access unit is %v", err)
		}
		decode(t, d, units[0])
		d.MarkLoss()
		if _, err := d.Decode(units[2]); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("behind a loss it is %v", err)
		}
		decode(t, d, units[0])
	}
	if s := p.Stats(); s.Crashes != 0 || s.Hangs != 0 {
		t.Errorf("counted %+v", s)
	}
}

// decode decodes an access unit and wants a picture.
func decode(t *testing.T, d *worker.Decoder, au []byte) {
	t.Helper()
	if img, err := d.Decode(au); err != nil || img == nil {
		t.Fatalf("no picture: %v", err)
	}
}

// await is decode for a pool that waits for a worker less long than one may take to start.
func await(t *testing.T, d *worker.Decoder, au []byte) {
	t.Helper()
	poll.Until(t, "a worker", func() bool {
		img, err := d.Decode(au)
		return err == nil && img != nil
	})
}

// TestSandbox tries from inside a worker all that a stream would that has taken it over, as the server's
// user and as another.
func TestSandbox(t *testing.T) {
	units := film(t, 320, 180, 1)
	for _, as := range []string{"", byNobody} {
		if as != "" && os.Getuid() != 0 {
			continue // only root becomes another user
		}
		p := pool(t, func(c *worker.Config) { c.Args = append(c.Args, as) })
		for order := range orders {
			if order == "spin" || order == "crash" || order == "stop" || order == "slow" {
				continue
			}
			t.Run(as+order, func(t *testing.T) {
				d := p.NewCrew().NewDecoder(codec.H264)
				defer d.Close()
				decode(t, d, units[0])
				if _, err := d.Decode([]byte("!" + order)); err == nil {
					t.Error("it could")
				}
			})
		}
		if want := (sandbox.Level{Limits: true, Landlock: p.Level().Landlock, Seccomp: true}); p.Level() != want {
			t.Errorf("layers: %v", p.Level())
		}
	}
}

// TestOldKernel has a kernel that knows neither Landlock nor seccomp. Workers start, decode and say what
// is missing; where every layer is required, the pool fails.
func TestOldKernel(t *testing.T) {
	var log mcutest.Log
	old := func(c *worker.Config) {
		c.Args = append(c.Args, onOldKernel)
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	}
	p := pool(t, old)
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	decode(t, d, film(t, 320, 180, 1)[0])
	if got := p.Level(); got != (sandbox.Level{Limits: true}) {
		t.Errorf("layers: %v", got)
	}
	if !strings.Contains(log.String(), "sandbox that lacks layers") {
		t.Errorf("the log is %s", log.String())
	}
	cfg := worker.Config{Args: []string{"tilemix", asWorker}, Full: true}
	old(&cfg)
	if err := worker.NewPool(cfg).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "sandbox of codec workers") {
		t.Errorf("where all layers are required: %v", err)
	}
}

// TestCrash ends a worker by one camera's access unit. The other camera goes on from its next key
// frame, and is never hit again; the third crash ends the first one's decoder.
func TestCrash(t *testing.T) {
	p := pool(t, nil)
	g := p.NewCrew()
	units := film(t, 320, 180, 2)
	victim, attacker := g.NewDecoder(codec.H264), g.NewDecoder(codec.H264)
	defer victim.Close()
	defer attacker.Close()
	for n := range 3 {
		decode(t, attacker, units[0])
		decode(t, victim, units[0])
		if _, err := attacker.Decode([]byte("!crash")); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("the crash is %v", err)
		}
		_, err := victim.Decode(units[1])
		if hit := err != nil; hit != (n == 0) {
			t.Errorf("crash %d: the other camera has %v", n+1, err)
		}
		decode(t, victim, units[0])
	}
	if _, err := attacker.Decode(units[0]); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("after three crashes it is %v", err)
	}
	if s := p.Stats(); s.Crashes != 3 || s.Refused != 1 || s.Hangs != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestHang has a decoder take forever. Its worker is replaced.
func TestHang(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Patience = time.Second })
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	units := film(t, 320, 180, 1)
	await(t, d, units[0])
	d.OnStall(func() { t.Error("a worker that runs counts as one that does not") })
	if _, err := d.Decode([]byte("!spin")); !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("the hang is %v", err)
	}
	d.OnStall(nil)
	await(t, d, units[0])
	if s := p.Stats(); s.Hangs != 1 || s.Crashes != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestStopped stops a worker, which does not run on then.
func TestStopped(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Patience = 200 * time.Millisecond })
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	units := film(t, 320, 180, 1)
	seen := func() bool { img, err := d.Decode(units[0]); return err == nil && img != nil }
	poll.Until(t, "a picture, and two spare workers", func() bool { return seen() && len(poll.Children(t)) == 3 && p.Stats().Workers == 3 })
	stalls := 0
	d.OnStall(func() { stalls++ })
	pid := poll.Children(t)[0] // the spare ones are younger
	if err := errors.Join(syscall.Kill(pid, syscall.SIGSTOP), unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(units[0]); !errors.Is(err, worker.ErrRestarted) {
		t.Fatalf("the stop is %v", err)
	}
	if stalls != 1 {
		t.Errorf("%d times it was said that the worker does not run", stalls)
	}
	d.OnStall(nil)
	poll.Until(t, "a picture again", seen)
	// A worker that its stream stops may not have come to that when it is looked at.
	if _, err := d.Decode([]byte("!stop")); !errors.Is(err, worker.ErrRestarted) {
		t.Fatalf("the stop by a stream is %v", err)
	}
	poll.Until(t, "a picture once more", seen)
}

// TestDeaths kills many workers by what cameras and microphones send, in turn, and looks for what is left of them.
func TestDeaths(t *testing.T) {
	p := pool(t, patient)
	units := film(t, 320, 180, 1)
	poll.Until(t, "the first spare worker", func() bool { return p.Stats().Workers == 1 }) // it has files, too
	before := files(t)
	count, _ := strconv.Atoi(os.Getenv("TILEMIX_DEATHS"))
	memory := resident(t)
	packet, sound := spoken(t, 32_000, 1, 0, 1)[0], make([]float32, longest)
	for n := range max(count, 20) {
		if n%2 == 1 {
			batch := p.NewCrew().NewBatch()
			d := batch.NewDecoder(false)
			poll.Until(t, "a worker that decodes", func() bool {
				bridged := p.Stats().Bridged
				_, err := d.Decode(sound, packet)
				return err == nil && p.Stats().Bridged == bridged
			})
			_, _ = d.Decode(sound, command("crash"))
			batch.Close()
			continue
		}
		d := p.NewCrew().NewDecoder(codec.H264)
		decode(t, d, units[0])
		_, _ = d.Decode([]byte("!crash"))
		_ = d.Close()
	}
	poll.Until(t, "two spare workers are left", func() bool { return p.Stats().Workers == 2 })
	poll.Until(t, "its files are closed", func() bool { return files(t) <= before+2 })
	poll.Until(t, "they are all children", func() bool { return len(poll.Children(t)) <= 2 }) // no zombie
	debug.FreeOSMemory()
	const spare = 32 << 10
	if after := resident(t); after > memory+spare {
		t.Errorf("the process has %d KB, and had %d KB", after, memory)
	} else {
		t.Logf("the process has %d KB, and had %d KB", after, memory)
	}
}

// resident returns what of this process is in memory, KB (proc(5), status).
func resident(t *testing.T) (kb int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rss, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}

// files counts the open files of this process.
func files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
