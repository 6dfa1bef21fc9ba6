package worker_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
	"golang.org/x/sys/unix"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/worker"
)

// hostileVoice is to sound what hostile is to pictures.
type hostileVoice struct{ *opus.Decoder }

func newVoice() (codec.AudioDecoder, error) {
	dec, err := opus.NewDecoder()
	return hostileVoice{dec}, err
}

func (h hostileVoice) Decode(dst []float32, packet []byte) (int, error) {
	if order := orders[string(bytes.TrimPrefix(packet[1:], []byte("!")))]; order != nil {
		return 0, order()
	}
	return h.Decoder.Decode(dst, packet)
}

// command is a packet of 20 ms that gives a worker an order.
func command(order string) []byte { return []byte("\x08!" + order) }

// patient has a batch wait for its worker however busy the machine is.
func patient(c *worker.Config) { c.Instant = time.Minute }

// TestVoiceConformance decodes in a worker what a decoder in the process has to.
func TestVoiceConformance(t *testing.T) {
	p := pool(t, patient)
	crew := p.NewCrew()
	newChoir(t, crew, 1).await(t, p, 3) // a worker that starts allocates
	codectest.Audio(t, codectest.AudioCodec{
		NewEncoder: func(bitrate int) (codec.AudioEncoder, error) { return opus.NewEncoder(bitrate) },
		NewDecoder: func() (codec.AudioDecoder, error) {
			return crew.NewBatch().NewDecoder(false), nil
		},
	})
}

// speaker is a voice in a worker, and the same one in this process.
type speaker struct {
	packets      [][]byte
	far, near    *ingest.Voice
	got, want    pcm.Block
	level, other uint8
	ok, there    bool
}

// spoken returns what a sender sends of a voice that pauses, in the modes of Opus: by bits a second, of one or
// two channels, with FEC for a loss in per cent.
func spoken(tb testing.TB, bitrate, channels, loss, blocks int) (packets [][]byte) {
	tb.Helper()
	newEncoder := opus.NewEncoder
	if channels == 2 {
		newEncoder = opus.NewStereoEncoder
	}
	enc, err := newEncoder(bitrate)
	if err != nil {
		tb.Fatal(err)
	}
	defer enc.Close()
	if err := enc.SetPacketLoss(loss); err != nil {
		tb.Fatal(err)
	}
	sound := codectest.Voice(blocks)
	for i := range blocks {
		block := make([]float32, 0, 2*pcm.Samples)
		for n := range pcm.Samples {
			s := sound[i*pcm.Samples+n]
			block = append(block, s)
			if channels == 2 {
				block = append(block, -0.3*s)
			}
		}
		packet := make([]byte, 1275)
		n, err := enc.Encode(packet, block)
		if err != nil {
			tb.Fatal(err)
		}
		packets = append(packets, packet[:n])
	}
	return packets
}

// TestVoices plays voices of all kinds through a worker and through this process, with losses, pauses and
// garbage. The sound is the same to the bit.
func TestVoices(t *testing.T) {
	p := pool(t, patient)
	batch := p.NewCrew().NewBatch()
	defer batch.Close()
	const blocks = 150
	var all []*speaker
	for _, packets := range [][][]byte{
		spoken(t, 12_000, 1, 0, blocks), spoken(t, 20_000, 1, 20, blocks), spoken(t, 32_000, 1, 20, blocks), spoken(t, 96_000, 1, 0, blocks),
		spoken(t, 48_000, 2, 0, blocks),
	} {
		dec, err := opus.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		s := &speaker{packets: packets, far: ingest.NewStereoVoice(batch.NewDecoder(true)), near: ingest.NewStereoVoice(dec)}
		defer s.far.Close()
		defer s.near.Close()
		all = append(all, s)
	}
	heard := 0
	now := time.Unix(1_800_000_000, 0)
	for i := range blocks {
		for k, s := range all {
			payload := s.packets[i]
			switch {
			case (i+k)%11 == 3, i/40 == 1 && k == 2: // lost; silent for long
				continue
			case i%37 == 20:
				payload = []byte{0xfc, 0xff, 0x03} // nonsense, of a stereo stream
			case i%37 == 21:
				payload = payload[:2] // of DTX
			}
			packet := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i * pcm.Samples)}, Payload: payload}
			s.far.Push(ingest.VoicePacket{Packet: packet}, now)
			s.near.Push(ingest.VoicePacket{Packet: packet}, now)
		}
		batch.Each(len(all), func(k int) {
			s := all[k]
			s.level, s.ok = s.far.Pull(&s.got, now)
		})
		for k, s := range all {
			s.other, s.there = s.near.Pull(&s.want, now)
			side, rest := s.far.Sides()
			wantSide, wantRest := s.near.Sides()
			if s.ok != s.there || s.level != s.other || s.got != s.want || !same(side, wantSide) || !same(rest, wantRest) {
				t.Fatalf("voice %d, block %d: other sound than in this process", k, i)
			}
			if s.ok && s.level < 60 {
				heard++
			}
		}
		now = now.Add(pcm.Duration)
	}
	if s := p.Stats(); s.Bridged != 0 || heard < len(all)*blocks/2 {
		t.Errorf("counted %+v, and %d blocks are loud", s, heard)
	}
}

// same tells whether two blocks are the same, or none.
func same(a, b *pcm.Block) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// choir is a batch with voices that send a tone each.
type choir struct {
	*worker.Batch
	voices  []*worker.VoiceDecoder
	packets [][]byte
	blocks  [][longest]float32
	at      int
}

const longest = 5760

func newChoir(t testing.TB, crew *worker.Crew, n int) *choir {
	t.Helper()
	c := &choir{Batch: crew.NewBatch(), blocks: make([][longest]float32, n)}
	t.Cleanup(c.Close)
	for range n {
		c.voices = append(c.voices, c.NewDecoder(false))
	}
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	for i := range 50 {
		block, packet := make([]float32, pcm.Samples), make([]byte, 1275)
		for k := range block { // 350 Hz has 7 periods in a block
			block[k] = float32(0.5 * math.Sin(2*math.Pi*350*float64(i*pcm.Samples+k)/pcm.Rate))
		}
		n, err := enc.Encode(packet, block)
		if err != nil {
			t.Fatal(err)
		}
		c.packets = append(c.packets, packet[:n])
	}
	return c
}

// tick decodes the next packet of each voice, but of those that send another.
func (c *choir) tick(t testing.TB, others map[int][]byte) {
	t.Helper()
	packet := c.packets[10+c.at%40]
	c.at++
	c.Each(len(c.voices), func(i int) {
		if other := others[i]; other != nil {
			_, _ = c.voices[i].Decode(c.blocks[i][:], other)
		} else if n, err := c.voices[i].Decode(c.blocks[i][:], packet); n != pcm.Samples && !errors.Is(err, worker.ErrRefused) {
			t.Errorf("voice %d: %d samples, %v", i, n, err)
		}
	})
}

// gap returns how many samples of a tone are silent in a row at most.
func gap(sound []float32) (most int) {
	n := 0
	for _, s := range sound {
		if n++; s > 0.05 || s < -0.05 {
			n = 0
		}
		most = max(most, n)
	}
	return most
}

// most is the longest gap that the sound of a room may have when its worker dies: 40 ms.
const most = 2 * pcm.Samples

// TestVoiceKilled kills the worker of a room that speaks, between two ticks. The room is heard on from
// a spare one.
func TestVoiceKilled(t *testing.T) {
	p := pool(t, patient)
	c := newChoir(t, p.NewCrew(), 2)
	var sound []float32
	for range 4 {
		c.await(t, p, 3)
		victim := poll.Children(t)[0] // those that are spare are younger
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		poll.Until(t, "its death", func() bool { return p.Stats().Workers < 3 })
		for range 5 {
			c.tick(t, nil)
			sound = append(sound, c.blocks[1][:pcm.Samples]...)
			time.Sleep(pcm.Duration)
		}
	}
	if n := gap(sound); n > most {
		t.Errorf("a gap of %d samples", n)
	}
	if s := p.Stats(); s.Crashes != 0 || s.Refused != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestVoiceCrash ends a worker by one voice's packet. What the other voice says then is made up, once, and has
// no gap. The third crash ends the first one's decoder.
func TestVoiceCrash(t *testing.T) {
	p := pool(t, patient)
	c := newChoir(t, p.NewCrew(), 3)
	var sound []float32
	for _, workers := range []int64{3, 4, 4} { // with two that are spare; from the first crash on, with one for the voice that is suspected
		poll.Until(t, "a spare worker", func() bool {
			c.tick(t, nil)
			time.Sleep(pcm.Duration)
			return p.Stats().Workers == workers
		})
		bridged := p.Stats().Bridged
		for i := range 5 {
			others := map[int][]byte(nil)
			if i == 1 {
				others = map[int][]byte{1: command("crash")}
			}
			c.tick(t, others)
			sound = append(sound, c.blocks[2][:pcm.Samples]...)
			time.Sleep(pcm.Duration)
		}
		t.Logf("%d packets bridged", p.Stats().Bridged-bridged)
	}
	if n := gap(sound); n > most {
		t.Errorf("a gap of %d samples", n)
	}
	if _, err := c.voices[1].Decode(c.blocks[1][:], c.packets[0]); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("after three crashes it is %v", err)
	}
	if s := p.Stats(); s.Crashes != 3 || s.Refused != 1 || s.Hangs != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestVoiceHang has one voice's decoder take forever. Its worker is replaced, and the other voice goes on.
func TestVoiceHang(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Instant, c.Patience = 300*time.Millisecond, time.Second })
	c := newChoir(t, p.NewCrew(), 2)
	c.await(t, p, 3)
	c.tick(t, map[int][]byte{0: command("spin")})
	c.await(t, p, 4) // one for the voice that is suspected
	if s := p.Stats(); s.Hangs != 1 || s.Crashes != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestVoiceBesideCamera has cameras end the worker that decodes a voice at that moment. The voice goes on in the
// worker that all share the first time, and in one of its own the second time.
func TestVoiceBesideCamera(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Instant, c.Patience = 300*time.Millisecond, time.Minute })
	crew := p.NewCrew()
	c, units := newChoir(t, crew, 2), film(t, 320, 180, 1)
	for _, workers := range []int64{2, 3} {
		camera := crew.NewDecoder(codec.H264)
		defer camera.Close()
		decode(t, camera, units[0])
		c.tick(t, map[int][]byte{0: command("spin")}) // goes on after the tick
		if _, err := camera.Decode([]byte("!crash")); !errors.Is(err, worker.ErrRestarted) {
			t.Errorf("the crash is %v", err)
		}
		c.await(t, p, workers)
	}
}

// await lets the voices speak until all are heard, and the pool has a number of workers with those that are spare.
func (c *choir) await(t testing.TB, p *worker.Pool, workers int64) {
	t.Helper()
	poll.Until(t, "workers for all voices", func() bool {
		bridged := p.Stats().Bridged
		c.tick(t, nil)
		time.Sleep(pcm.Duration)
		return p.Stats().Bridged == bridged && p.Stats().Workers == workers
	})
}

// TestVoiceStopped stops the worker of a room. The clock waits for it once. The worker is replaced within 500 ms of
// sound, and the room beside has no gap.
func TestVoiceStopped(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Instant, c.Patience = 2*time.Second, 5*time.Second }) // the room beside waits on a busy machine
	stopped, beside := newChoir(t, p.NewCrew(), 2), newChoir(t, p.NewCrew(), 2)
	stopped.await(t, p, 3)
	before := poll.Children(t)
	beside.await(t, p, 4)
	stopped.await(t, p, 4)
	pid := before[0]
	if err := errors.Join(syscall.Kill(pid, syscall.SIGSTOP), unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil)); err != nil {
		t.Fatal(err)
	}
	var sound []float32
	ticks := 0
	poll.Until(t, "sound of a new worker", func() bool {
		bridged := p.Stats().Bridged
		stopped.tick(t, nil)
		ticks++
		back := p.Stats().Bridged == bridged
		beside.tick(t, nil)
		sound = append(sound, beside.blocks[0][:pcm.Samples]...)
		time.Sleep(pcm.Duration)
		return back
	})
	if ticks < 2 || ticks > 25 {
		t.Errorf("the worker is replaced after %d ticks", ticks)
	}
	if n := gap(sound); n > most {
		t.Errorf("the room beside has a gap of %d samples", n)
	}
	if s := p.Stats(); s.Hangs != 1 || s.Refused != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestVoicesFirst ends a worker that cameras share with voices, by a camera's access unit. The first spare worker goes to
// the voices, though the camera asks first and is to have one alone.
func TestVoicesFirst(t *testing.T) {
	p := pool(t, patient)
	crew, units := p.NewCrew(), film(t, 320, 180, 1)
	c := newChoir(t, crew, 2)
	c.await(t, p, 3)
	d := crew.NewDecoder(codec.H264)
	defer d.Close()
	decode(t, d, units[0])
	if _, err := d.Decode([]byte("!crash")); !errors.Is(err, worker.ErrRestarted) {
		t.Fatalf("the crash is %v", err)
	}
	decode(t, d, units[0]) // by the second worker that comes
	bridged := p.Stats().Bridged
	c.tick(t, nil)
	if n := p.Stats().Bridged - bridged; n != 0 {
		t.Errorf("%d packets have no worker", n)
	}
	poll.Until(t, "one worker for each, and two that are spare", func() bool { return p.Stats().Workers == 4 })
}

// TestVoiceAllocates decodes many voices at once without allocating.
func TestVoiceAllocates(t *testing.T) {
	p := pool(t, patient)
	c := newChoir(t, p.NewCrew(), 12)
	c.await(t, p, 3)
	n, packet := len(c.voices), c.packets[10]
	speak := func(i int) {
		_, _ = c.voices[i].Decode(c.blocks[i][:], packet)
		_ = c.voices[i].Recover(c.blocks[i][:pcm.Samples], nil)
	}
	if got := testing.AllocsPerRun(100, func() { c.Each(n, speak) }); got != 0 {
		t.Errorf("a tick allocates %v times", got)
	}
}

// TestVoiceLate has a worker answer too late. The voices before the slow one are heard, and the others made up. What
// comes late is dropped, and no worker is replaced.
func TestVoiceLate(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Instant, c.Patience = 20*time.Millisecond, time.Minute })
	c := newChoir(t, p.NewCrew(), 4)
	c.await(t, p, 3)
	for k := range c.blocks {
		clear(c.blocks[k][:])
	}
	bridged := p.Stats().Bridged
	c.tick(t, map[int][]byte{2: command("slow")})
	if n := p.Stats().Bridged - bridged; n < 2 {
		t.Errorf("%d packets are made up, not the two that come late", n)
	}
	for k := range c.blocks {
		if gap(c.blocks[k][:pcm.Samples]) > pcm.Samples/4 {
			t.Errorf("voice %d has a gap", k)
		}
	}
	c.await(t, p, 3)
	if s := p.Stats(); s.Hangs != 0 || s.Crashes != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestManyVoices decodes more packets in a tick than a round has room for.
func TestManyVoices(t *testing.T) {
	p := pool(t, patient)
	crew := p.NewCrew()
	newChoir(t, crew, 1).await(t, p, 3) // before there is a worker, voices that could not be decoded differ
	c := newChoir(t, crew, 600)
	c.tick(t, nil)
	for k := range c.blocks {
		if c.blocks[k] != c.blocks[0] {
			t.Fatalf("voice %d has another sound than the first, which sends the same", k)
		}
	}
}

// TestVoiceNumbers has a voice end. The next one, which gets its number, has a decoder of its own.
func TestVoiceNumbers(t *testing.T) {
	p := pool(t, patient)
	c := newChoir(t, p.NewCrew(), 2)
	c.await(t, p, 3)
	fresh, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	_ = c.voices[1].Close()
	if _, err := c.voices[1].Decode(c.blocks[1][:], c.packets[20]); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("a closed voice decodes: %v", err)
	}
	c.voices[1] = c.NewDecoder(false)
	var want [longest]float32
	for _, packet := range c.packets[20:30] {
		if _, err := fresh.Decode(want[:], packet); err != nil {
			t.Fatal(err)
		}
		if _, err := c.voices[1].Decode(c.blocks[1][:], packet); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.blocks[1][:pcm.Samples], want[:pcm.Samples]) {
			t.Fatal("it has the sound of a decoder that has heard another voice")
		}
	}
}

// TestEach calls a function for each index once, in order, with a batch and without.
func TestEach(t *testing.T) {
	batch := pool(t, nil).NewCrew().NewBatch()
	defer batch.Close()
	for _, b := range []*worker.Batch{batch, nil} {
		for _, n := range []int{0, 1, 5} {
			var got []int
			b.Each(n, func(i int) { got = append(got, i) })
			for i, k := range got {
				if i != k {
					t.Errorf("%v is not in order", got)
				}
			}
			if len(got) != n {
				t.Errorf("%d are called, not %d", len(got), n)
			}
		}
	}
}

// FuzzVoice decodes packets of sound in a real worker, with its sandbox, and in this process. No packet may end the
// worker, and the sound is the same.
func FuzzVoice(f *testing.F) {
	for _, packets := range [][][]byte{spoken(f, 16_000, 1, 20, 8), spoken(f, 40_000, 1, 10, 8), spoken(f, 64_000, 2, 0, 8)} {
		f.Add(bytes.Join(packets, between))
		f.Add(bytes.Join(append(slices.Clone(packets[:3]), []byte{0xff}, packets[5][:9], nil, packets[6]), between))
	}
	f.Add([]byte("\x08!crash")) // orders are for other tests
	p := pool(f, func(c *worker.Config) { c.Args, c.Instant = []string{"tilemix", asWorker, obedient}, time.Minute })
	batch := newChoir(f, p.NewCrew(), 1)
	batch.await(f, p, 2)
	f.Fuzz(func(t *testing.T, stream []byte) {
		far := batch.NewDecoder(true)
		defer far.Close()
		near, err := opus.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		var got, want [3][longest]float32
		compare := func(what string, n, m int, err, wanted error) {
			if (err == nil) != (wanted == nil) || err == nil && n != m {
				t.Fatalf("%s: %d samples (%v), not %d (%v)", what, n, err, m, wanted)
			}
			if err != nil {
				return
			}
			stereo, wide := far.Sides(got[0][:n], got[1][:], got[2][:]), near.Sides(want[0][:n], want[1][:], want[2][:])
			for i := range want {
				for k, s := range want[i][:n] {
					if !(s >= -4 && s <= 4) {
						want[i][k] = 0
					}
				}
			}
			if stereo != wide || !slices.Equal(got[0][:n], want[0][:n]) || wide && (!slices.Equal(got[1][:n], want[1][:n]) || !slices.Equal(got[2][:n], want[2][:n])) {
				t.Fatalf("%s: other sound", what)
			}
		}
		for packet := range bytes.SplitSeq(stream, between) {
			if opus.Samples(packet) == 0 { // package ingest drops it
				continue
			}
			n, err := far.Decode(got[0][:], packet)
			m, wanted := near.Decode(want[0][:], packet)
			compare("decode", n, m, err, wanted)
			err, wanted = far.Recover(got[0][:pcm.Samples], packet), near.Recover(want[0][:pcm.Samples], packet)
			compare("recover", pcm.Samples, pcm.Samples, err, wanted)
		}
		if s := p.Stats(); s.Crashes+s.Hangs != 0 {
			t.Fatalf("the worker has ended: %+v", s)
		}
	})
}
