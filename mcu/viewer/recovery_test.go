package viewer

import (
	"image"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/yuv"
	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
	"tilemix/mcu/rtc/send"
)

var start = time.Unix(1_800_000_000, 0)

// producer makes nothing by itself: tests put its access units into the rendition.
type producer struct{}

func (producer) Offer(f *yuv.Frame, _ time.Time, _ bool) { f.Release() }
func (producer) Close()                                  {}

// fake is a rendition without an encoder.
type fake struct {
	*rendition.Rendition
	pool packet.UnitPool
}

func newFake(rung int) *fake {
	r := rendition.New(rendition.Config{
		Key: rendition.Key{Codec: codec.H264, Rung: rung}, Rung: ladder.Rung{Every: 1}, Epoch: start,
	}, producer{})
	r.Take(rendition.Output{Ready: true})
	return &fake{Rendition: r}
}

// share says that several viewers have it.
func (f *fake) share() {
	f.Recount()
	f.AddTaker()
	f.AddTaker()
	f.Recount()
	f.AddTaker()
}

// keyDue tells whether an IDR is asked for and may be made.
func (f *fake) keyDue(now time.Time) bool {
	f.AddTaker()
	return f.Due(now, 0)
}

// encode makes an access unit.
func (f *fake) encode(now time.Time, key bool) packet.Packets {
	f.Offer(nil, now)
	p, ok := f.Take(rendition.Output{
		AccessUnit: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65, 1}, Key: key},
		Unit:       f.pool.Put([][]byte{{0x65, 1}}), At: now,
	})
	if !ok {
		panic("no access unit")
	}
	return p
}

// stream is a downlink and the path that it leads over.
type stream struct {
	got      []packet.Packets
	waits    bool
	held     uint64
	bytes    uint64
	estimate int
	probed   int
}

func (s *stream) Write(p packet.Packets, _ time.Time) bool {
	s.got = append(s.got, p)
	s.bytes += uint64(len(p.Payloads))
	return true
}
func (s *stream) Assign(*send.Writer)        {}
func (s *stream) Waits() bool                { return s.waits }
func (s *stream) Codec() codec.Kind          { return codec.H264 }
func (s *stream) Stats() send.Stats          { return send.Stats{Bytes: s.bytes, Dropped: s.held} }
func (s *stream) Estimate() int              { return s.estimate }
func (s *stream) Probe(bps int, _ time.Time) { s.probed = bps }

func rungs() []ladder.Rung {
	return ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
}

// keysIn has a path drop a viewer's rendition again and again for a time. The viewer then
// waits for another. It counts the IDRs that the viewer causes.
func keysIn(d time.Duration, dropped, next int) (keys int) {
	was, r := newFake(dropped), newFake(next)
	r.share()
	r.encode(start, false) // else a first picture is due
	var v Subscription
	v.Attach(&stream{}, &stream{}, rungs())
	for at := time.Duration(0); at < d; at += 50 * time.Millisecond {
		now := start.Add(at)
		if v.next == nil {
			v.on, v.next, v.recovery.broken = nil, r.Rendition, was.Rendition
		}
		v.ask(r.Rendition, now)
		if r.keyDue(now) {
			v.Deliver(r.Rendition, r.encode(now, true), now)
			keys++
			v.on = nil
		} else {
			r.encode(now, false)
		}
	}
	return keys
}

// TestNarrowPathCausesFewKeyFrames: all viewers have those of a rendition that one path
// cannot carry, but a viewer that goes down waits for none.
func TestNarrowPathCausesFewKeyFrames(t *testing.T) {
	if n := keysIn(30*time.Second, 0, 0); n < 2 || n > 4 {
		t.Errorf("a path that cannot carry the picture causes %d IDRs in half a minute", n)
	}
	if n := keysIn(10*time.Second, 0, 1); n < 9 {
		t.Errorf("a viewer that goes down gets %d IDRs in ten seconds", n)
	}
}

// TestSteady: a path that did not take something is narrow for some seconds.
func TestSteady(t *testing.T) {
	var r recovery
	for _, c := range []struct {
		at   time.Duration
		held uint64
		want bool
	}{{0, 0, true}, {time.Second, 1, false}, {5 * time.Second, 1, false}, {6100 * time.Millisecond, 1, true}, {7 * time.Second, 2, false}} {
		if got := r.steady(c.held, start.Add(c.at)); got != c.want {
			t.Errorf("after %v: %v", c.at, got)
		}
	}
}

// TestAttach: a viewer that comes back over another path has its rung, and its budget.
func TestAttach(t *testing.T) {
	var v Subscription
	v.Attach(&stream{}, &stream{}, rungs())
	if v.choice.Rung() != 0 {
		t.Errorf("it begins on rung %d", v.choice.Rung())
	}
	for i := range 30 {
		v.choice.Decide(ladder.PathState{Estimate: 300_000, Sent: uint64(i * 20_000)}, start.Add(time.Duration(i)*100*time.Millisecond))
	}
	v.recovery.budget.Spend(start)
	spent := v.recovery.budget
	v.Attach(&stream{}, &stream{}, rungs())
	if v.choice.Rung() != 2 || v.recovery.budget != spent {
		t.Errorf("it goes on on rung %d, with a budget of %+v", v.choice.Rung(), v.recovery.budget)
	}
}
