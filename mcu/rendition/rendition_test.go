package rendition

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/yuv"
	"tilemix/mcu/keyframe"
	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// script is an encoder that puts out what it is told.
type script struct {
	au     codec.AccessUnit
	err    error
	forced int
	closed chan struct{}
}

func (s *script) Encode(*image.YCbCr, time.Duration) (codec.AccessUnit, error) { return s.au, s.err }
func (s *script) ForceKeyFrame()                                               { s.forced++ }
func (s *script) Close() error                                                 { close(s.closed); return nil }

// bench is a rendition whose encoder runs.
type bench struct {
	*Rendition
	enc *script
	out chan Output
}

func newBench(t testing.TB, enc *script) *bench {
	enc.closed = make(chan struct{})
	out := make(chan Output, 1)
	r, e := NewEncoder(Config{Key: Key{Codec: codec.H264}, Rung: ladder.Rung{Every: 1}, Epoch: epoch},
		func() (codec.VideoEncoder, error) { return enc, nil }, out)
	go e.Run()
	if _, ok := r.Take(<-out); ok || !r.Ready() || !r.Idle() {
		t.Fatal("the encoder is not ready")
	}
	t.Cleanup(func() {
		r.Close()
		<-enc.closed
	})
	return &bench{r, enc, out}
}

// TestKeyFramesCoalesce asks for key frames all the time: one a second comes of it.
func TestKeyFramesCoalesce(t *testing.T) {
	b := newBench(t, &script{au: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65}}})
	var keys []time.Duration
	for at := time.Duration(0); at < 5*time.Second; at += 40 * time.Millisecond {
		now := epoch.Add(at)
		b.RequestKeyFrame()
		b.RequestKeyFrame()
		forced := b.enc.forced
		b.enc.au.Key = b.keys.Due(now)
		p, ok := b.Take(b.Encode(nil, now))
		if !ok {
			t.Fatal("no packets")
		}
		if want := uint32(at.Milliseconds() * 90); p.Timestamp != want {
			t.Errorf("timestamp %d, not %d", p.Timestamp, want)
		}
		if p.Key != (b.enc.forced > forced) {
			t.Errorf("at %v: key %v, forced %d times", at, p.Key, b.enc.forced-forced)
		}
		if p.Key {
			keys = append(keys, at)
		}
	}
	if want := []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}; !slices.Equal(keys, want) {
		t.Errorf("key frames at %v", keys)
	}
	if s := b.Stats(); s.Encodes != 125 || s.KeyFrames != 5 || s.Skipped != 0 || s.Bytes != 125*4 {
		t.Errorf("%+v", s)
	}
}

// TestKeyFrameIsKept has the encoder fail and leave pictures out: the request stands until
// there is an IDR.
func TestKeyFrameIsKept(t *testing.T) {
	b := newBench(t, &script{err: errors.New("no")})
	b.RequestKeyFrame()
	out := b.Encode(nil, epoch)
	if _, ok := b.Take(out); ok || !errors.Is(out.Err, b.enc.err) || !b.Ready() {
		t.Errorf("taken: %v, error %v", ok, out.Err)
	}
	b.enc.err = nil // and an empty access unit
	if p, ok := b.Take(b.Encode(nil, epoch)); ok || len(p.Payloads) > 0 {
		t.Errorf("%+v, %v", p, ok)
	}
	if !b.keys.Due(epoch) || b.enc.forced != 2 || b.Stats().Skipped != 1 {
		t.Errorf("due %v, forced %d, %+v", b.keys.Due(epoch), b.enc.forced, b.Stats())
	}
}

// TestOffer hands a picture to the encoder's goroutine: it releases the picture, and until
// its output is taken no other is due.
func TestOffer(t *testing.T) {
	pool := yuv.NewPool(1)
	b := newBench(t, &script{au: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65}, Key: true}})
	b.AddTaker()
	if !b.Due(epoch, 0) {
		t.Error("the first picture is not due")
	}
	b.RequestKeyFrame()
	b.Offer(pool.Get(16, 16), epoch)
	out := <-b.out
	if pool.Live() != 0 {
		t.Error("the picture was not released")
	}
	b.Touch()
	if b.Due(epoch, 1) || b.Idle() || b.CanReplay(epoch, time.Second) || b.Stats().Skipped != 1 {
		t.Errorf("while one is encoded another is due, or not counted: %+v", b.Stats())
	}
	if p, ok := b.Take(out); !ok || !p.Key || b.enc.forced != 1 {
		t.Errorf("key %v, %v, forced %d", p.Key, ok, b.enc.forced)
	}
	if !b.Due(epoch, 1) || !b.CanReplay(epoch, time.Second) {
		t.Error("after it the next is not due, or there is no replay")
	}
}

// TestDue asks whether a picture that does not change is encoded.
func TestDue(t *testing.T) {
	b := newBench(t, &script{au: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65}}})
	b.rung.Every = 2
	if b.Due(epoch, 0) {
		t.Error("it is due though no viewer takes it")
	}
	b.AddTaker()
	if !b.Due(epoch, 0) || b.Due(epoch, 1) {
		t.Error("not each second tick's picture is due")
	}
	b.Take(b.Encode(nil, epoch))
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{100 * time.Millisecond, false}, {KeepAlive, true}} {
		if got := b.Due(epoch.Add(c.after), 2); got != c.want {
			t.Errorf("after %v: %v", c.after, got)
		}
	}
	b.Pulse(100 * time.Millisecond)
	if !b.Due(epoch.Add(100*time.Millisecond), 2) {
		t.Error("a faster pulse has no effect")
	}
}

// TestExpired counts viewers, and waits some time after the last.
func TestExpired(t *testing.T) {
	b := newBench(t, &script{})
	b.AddTaker()
	b.AddTaker()
	if b.Expired(epoch, time.Second) || b.Shared() {
		t.Error("it ends though viewers take it, or is shared in its first tick")
	}
	b.Recount()
	if !b.Shared() || b.Taken() {
		t.Error("after two viewers it is not shared, or still taken")
	}
	if b.Expired(epoch.Add(900*time.Millisecond), time.Second) || !b.Expired(epoch.Add(time.Second), time.Second) {
		t.Error("it does not end a second after the last viewer")
	}
}

// TestNoEncoder has no encoder to be had: the rendition ends, so that another is tried.
func TestNoEncoder(t *testing.T) {
	out := make(chan Output, 1)
	fault := errors.New("no")
	r, e := NewEncoder(Config{Key: Key{Codec: codec.H264}, Epoch: epoch}, func() (codec.VideoEncoder, error) { return nil, fault }, out)
	e.Run()
	o := <-out
	if _, ok := r.Take(o); ok || !errors.Is(o.Err, fault) || r.Ready() {
		t.Errorf("ready %v, error %v", r.Ready(), o.Err)
	}
	if r.AddTaker(); !r.Expired(epoch, time.Second) {
		t.Error("it does not end")
	}
}

func TestEncodeAllocates(t *testing.T) {
	data := append([]byte{0, 0, 0, 1, 0x67}, bytes.Repeat([]byte{7}, 20)...)
	data = append(append(data, 0, 0, 0, 1, 0x65), bytes.Repeat([]byte{5}, 60_000)...)
	b := newBench(t, &script{au: codec.AccessUnit{Data: data}})
	encode := func() { b.Take(b.Encode(nil, epoch)) }
	encode()
	if n := testing.AllocsPerRun(100, encode); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMetrics counts renditions: what one counted stays when it ends.
func TestMetrics(t *testing.T) {
	m := NewMetrics(ladder.Of(ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 800_000}))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	sum := func(name string) (total float64) {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				for _, n := range f.GetMetric() {
					total += n.GetCounter().GetValue() + n.GetGauge().GetValue()
				}
			}
		}
		return total
	}
	enc := &script{au: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65}, Key: true}, closed: make(chan struct{})}
	out := make(chan Output, 1)
	r, e := NewEncoder(Config{Key: Key{Codec: codec.H264}, Rung: ladder.Rung{Every: 1}, Epoch: epoch}, func() (codec.VideoEncoder, error) { return enc, nil }, out)
	go e.Run()
	r.Take(<-out)
	m.Count(r)
	r.Take(r.Encode(nil, epoch))
	if sum("tilemix_renditions") != 1 || sum("tilemix_key_frames_total") != 1 {
		t.Errorf("%v renditions, %v key frames", sum("tilemix_renditions"), sum("tilemix_key_frames_total"))
	}
	r.Close()
	<-enc.closed
	if sum("tilemix_renditions") != 0 || sum("tilemix_picture_bytes_total") != 4 {
		t.Errorf("%v renditions, %v bytes", sum("tilemix_renditions"), sum("tilemix_picture_bytes_total"))
	}
}

func unit(size int, key bool) codec.AccessUnit {
	return codec.AccessUnit{Data: append([]byte{0, 0, 0, 1, 0x41}, bytes.Repeat([]byte{7}, size)...), Key: key}
}

// TestReplayBeginsAtTheLastIDR and lasts no longer than there may be no other.
func TestReplayBeginsAtTheLastIDR(t *testing.T) {
	b := newBench(t, &script{})
	feed := func(at time.Duration, size int, key bool) {
		t.Helper()
		b.enc.au = unit(size, key)
		if _, ok := b.Take(b.Encode(nil, epoch.Add(at))); !ok {
			t.Fatal("no packets")
		}
	}
	want := func(what string, at time.Duration, can bool, units int) {
		t.Helper()
		if got := b.CanReplay(epoch.Add(at), keyframe.Interval); got != can || len(b.recent.units) != units {
			t.Errorf("%s: can replay %v, %d access units; want %v, %d", what, got, len(b.recent.units), can, units)
		}
	}
	want("before anything", 0, false, 0)
	feed(0, 100, false)
	want("without an IDR", 0, false, 0)
	feed(100*time.Millisecond, 5000, true)
	feed(133*time.Millisecond, 100, false)
	want("after an IDR", 140*time.Millisecond, true, 2)
	feed(200*time.Millisecond, 5000, true)
	want("after another", 210*time.Millisecond, true, 1)
	feed(300*time.Millisecond, maxHistory, false)
	want("after too much", 310*time.Millisecond, false, 0)
	feed(400*time.Millisecond, 5000, true)
	feed(time.Second, 100, false)
	want("just in time", 1399*time.Millisecond, true, 2)
	want("when an IDR may be made", 1400*time.Millisecond, false, 2)
	feed(1500*time.Millisecond, 100, false)
	want("after the second", 1500*time.Millisecond, false, 0)
}

// TestSpread replays pictures to a viewer that was sent something a moment ago, or is ahead by
// a moment: timestamps rise, from its last one on and to the next.
func TestSpread(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, since := range []time.Duration{time.Minute, time.Second, 33 * time.Millisecond, time.Millisecond, 50 * time.Microsecond, 0, -50 * time.Microsecond, -time.Second} {
		for _, n := range []uint32{1, 2, 15, 60} {
			last := now.Add(-since)
			next, step := spread(n, now, last)
			first := next.Add(-time.Duration(n*step) * time.Second / 90_000)
			if step == 0 || step > replayStep || !first.After(last) || next.Before(now) || since > time.Second/10 && next != now {
				t.Errorf("%d pictures, %v after the last: from %v after it to %v after now in steps of %d", n, since, first.Sub(last), next.Sub(now), step)
			}
		}
	}
	if next, step := spread(3, now, time.Time{}); next != now || step != replayStep {
		t.Errorf("a viewer that had nothing yet has steps of %d", step)
	}
}

// replayed keeps what a viewer is sent.
type replayed struct{ units []packet.Packets }

func (r *replayed) Write(p packet.Packets, _ time.Time) bool {
	p.Payloads = slices.Clone(p.Payloads)
	r.units = append(r.units, p)
	return true
}

// TestReplay sends a newcomer the IDR and what followed, between its last picture and the
// next: in order, with timestamps that rise.
func TestReplay(t *testing.T) {
	b := newBench(t, &script{})
	for n := range 4 {
		b.enc.au = unit(100+n, n == 1)
		if _, ok := b.Take(b.Encode(nil, epoch.Add(time.Duration(n)*time.Second/30))); !ok {
			t.Fatal("no packets")
		}
	}
	now := epoch.Add(4 * time.Second / 30)
	var viewer replayed
	n, until := b.Replay(&viewer, now, now, now.Add(-10*time.Millisecond))
	if n != 3 || len(viewer.units) != 3 || !until.Equal(now) || b.Stats().Replays != 1 {
		t.Fatalf("%d of 3 access units, %d written, until %v after now; %+v", n, len(viewer.units), until.Sub(now), b.Stats())
	}
	after := uint32(4*3000 - 900) // the viewer's last picture
	for i, u := range viewer.units {
		if u.Key != (i == 0) || u.Size() != int64(101+i+1) || u.Timestamp <= after || u.Timestamp >= 4*3000 {
			t.Errorf("access unit %d: key %v, %d bytes, timestamp %d after %d", i, u.Key, u.Size(), u.Timestamp, after)
		}
		after = u.Timestamp
	}
}

// asked is a producer that takes no pictures, as a pull.
type asked int

func (a *asked) Offer(f *yuv.Frame, _ time.Time, key bool) {
	if f == nil && key {
		*a++
	}
}

func (*asked) Close() {}

// TestPulled has access units of another node. They are counted and replayed as those of an encoder are, and
// requests for key frames go on to the producer while somebody has the rendition.
func TestPulled(t *testing.T) {
	var p asked
	var pool packet.UnitPool
	r := New(Config{Key: Key{Codec: codec.H264}, Rung: ladder.Rung{Every: 1}, Epoch: epoch}, &p)
	r.Take(Output{Of: r, Ready: true})
	r.RequestKeyFrame()
	if r.Ask(epoch); p != 0 {
		t.Error("a key frame is asked for that nobody waits for")
	}
	r.AddTaker()
	r.Ask(epoch)
	r.Ask(epoch.Add(time.Second))
	if p != 2 {
		t.Errorf("it was asked %d times", p)
	}
	key := pool.Put([][]byte{{1, 2, 3}, {4}})
	got, ok := r.Take(Output{Of: r, AccessUnit: codec.AccessUnit{Key: true}, Unit: key, Lent: true, At: epoch.Add(time.Second)})
	if !ok || !got.Key || len(got.Payloads) != 2 || got.Timestamp != 90_000 {
		t.Errorf("got %+v", got)
	}
	key.Release() // as the clock does
	if key.Users() != 1 {
		t.Errorf("%d keep the key frame for newcomers", key.Users())
	}
	if r.Ask(epoch.Add(3 * time.Second)); p != 2 {
		t.Error("the request was answered, and is asked for again")
	}
	if s := r.Stats(); s.Encodes != 1 || s.KeyFrames != 1 || s.Bytes != 4 {
		t.Errorf("counted %+v", s)
	}
	if !r.CanReplay(epoch.Add(1100*time.Millisecond), time.Second) {
		t.Error("a newcomer is not served from what came")
	}
}
