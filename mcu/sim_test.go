package mcu_test

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"image"
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/send"
)

// world is simulated time with what happens in it. What is due at one instant happens
// in the order in which it was put in.
type world struct {
	now   time.Time
	due   agenda
	count int
	pacer *send.PacketPacer
}

type happening struct {
	at   time.Time
	n    int
	what func()
}

// agenda is a heap of what is to happen.
type agenda []happening

func (e agenda) Len() int { return len(e) }
func (e agenda) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].n < e[j].n
}
func (e agenda) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *agenda) Push(x any)   { *e = append(*e, x.(happening)) }
func (e *agenda) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld() *world {
	w := &world{now: time.Unix(1_800_000_000, 0), pacer: send.NewPacer()}
	w.every(5*ms, func() { w.pacer.Tick(func() time.Time { return w.now }) })
	return w
}

func (w *world) at(t time.Time, what func()) {
	w.count++
	heap.Push(&w.due, happening{t, w.count, what})
}

// every does something again and again, for ever.
func (w *world) every(d time.Duration, what func()) {
	var again func()
	again = func() {
		what()
		w.at(w.now.Add(d), again)
	}
	w.at(w.now.Add(d), again)
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.due) > 0 && !w.due[0].at.After(end) {
		e := heap.Pop(&w.due).(happening)
		w.now = e.at
		e.what()
	}
	w.now = end
}

// way is one way of a path: bytes go in and come out later, or not.
type way struct {
	w    *world
	lane network.Lane
	out  func(b []byte)
}

func (p *way) put(b []byte) {
	due, times := p.lane.Pass(p.w.now, len(b))
	for range times {
		b := append([]byte(nil), b...)
		p.w.at(due, func() { p.out(b) })
	}
}

// hop is a stream from a sender to a receiver: the real downlink, path estimate and
// retransmission at one end, the real NACKs, reassembly and playout at the other.
type hop struct {
	w         *world
	there     *way // media
	back      *way // RTCP
	path      *send.Path
	down      *send.Downlink
	feedback  *receive.Feedback
	recorder  *twcc.Recorder // nil: arrival times are not reported
	keyWanted func()
	arrived   func(p *rtp.Packet, retransmitted bool)
	counters  send.Counters
}

const (
	simSSRC, simRTX = 7, 8
	simTWCC         = 5
)

// newHop joins two ends over a path. Sound has no key frames.
func newHop(w *world, there, back network.Impairment, seed uint64, video, twccs bool) *hop {
	h := &hop{w: w, keyWanted: func() {}}
	h.there = &way{w: w, lane: network.NewLane(there, seed, 0), out: h.receive}
	h.back = &way{w: w, lane: network.NewLane(back, seed, 1), out: func(b []byte) {
		h.down.HandleRTCP(b, w.now, func() { h.keyWanted() })
	}}
	h.path = send.NewPath(func([]rtcp.Packet) error { return nil }, w.pacer, &h.counters, w.now)
	rate := uint32(48000)
	if h.down = send.NewAudio(h.path); video {
		h.down, rate = send.NewVideo(h.path), 90000
	}
	to := send.Binding{Writer: h, SSRC: simSSRC, PayloadType: 96, Codec: codec.H264}
	if video {
		to.RTXSSRC, to.RTXPayloadType = simRTX, 97
	}
	if twccs {
		to.TWCCID = simTWCC
		h.recorder = twcc.NewRecorder(1)
		w.every(50*ms, func() { h.say(h.recorder.BuildFeedbackPacket()) })
	}
	h.down.Bind(to)
	h.down.Open()
	h.feedback = receive.NewFeedback(receive.Config{
		Send: func(p []rtcp.Packet) error { h.say(p); return nil }, SSRC: simSSRC, ClockRate: rate, NACK: true,
	})
	w.every(5*ms, func() {
		if !h.feedback.NextDue(w.now).IsZero() {
			h.feedback.Due(w.now)
		}
	})
	return h
}

// WriteRTP is the downlink's way out.
func (h *hop) WriteRTP(header *rtp.Header, body []byte) (int, error) {
	b, err := (&rtp.Packet{Header: *header, Payload: body}).Marshal()
	if err == nil {
		h.there.put(b)
	}
	return len(b), err
}

func (h *hop) say(p []rtcp.Packet) {
	if b, err := rtcp.Marshal(p); err == nil && len(p) > 0 {
		h.back.put(b)
	}
}

// requestKey sends a PLI.
func (h *hop) requestKey() { h.say([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: simSSRC}}) }

func (h *hop) receive(b []byte) {
	p := &rtp.Packet{}
	if p.Unmarshal(b) != nil {
		return
	}
	if x := p.GetExtension(simTWCC); h.recorder != nil && len(x) == 2 {
		h.recorder.Record(p.SSRC, binary.BigEndian.Uint16(x), h.w.now.UnixMicro())
	}
	rtx := p.SSRC == simRTX
	if rtx {
		if len(p.Payload) < 2 {
			return
		}
		p.SSRC, p.PayloadType, p.SequenceNumber = simSSRC, 96, binary.BigEndian.Uint16(p.Payload)
		p.Payload = p.Payload[2:]
	}
	h.arrived(p, h.feedback.Packet(p, rtx, h.w.now))
}

// simFilm is access units of H.264 in form, which carry their number and refer each to the
// one before.
type simFilm struct {
	number uint32
	random *rand.Rand
	rough  bool // of a scene whose key frames are large, and no picture is like another
}

// unit makes an access unit of about so many bytes.
func (f *simFilm) unit(key bool, size int) []byte {
	f.number++
	header, large, spread := byte(0x41), 5, 20
	if f.rough {
		large, spread = 8, 60
	}
	if key {
		header, size = 0x65, large*size
	}
	size += size * (f.random.IntN(2*spread+1) - spread) / 100
	au := append([]byte{0, 0, 0, 1, header}, binary.BigEndian.AppendUint32(nil, f.number|1<<31)...)
	for len(au) < size {
		au = append(au, 0xff)
	}
	return au
}

// reel is a decoder of films.
type reel struct {
	last uint32
	img  *image.YCbCr
	seen map[uint32]bool
}

func newReel() *reel {
	return &reel{img: image.NewYCbCr(image.Rect(0, 0, 32, 32), image.YCbCrSubsampleRatio420), seen: map[uint32]bool{}}
}

// Decode refuses what refers to a picture that it does not have.
func (r *reel) Decode(au []byte) (*image.YCbCr, error) {
	if len(au) < 9 {
		return nil, codec.ErrCorrupt
	}
	n, key := binary.BigEndian.Uint32(au[5:])&^(1<<31), au[4] == 0x65
	if !key && n != r.last+1 {
		return nil, fmt.Errorf("picture %d after %d: %w", n, r.last, codec.ErrCorrupt)
	}
	r.last = n
	return r.img, nil
}

func (*reel) Close() error { return nil }

// MarkLoss has it refuse all but a key frame.
func (r *reel) MarkLoss() { r.last = 1 << 30 }

// nothing observes nothing.
type nothing struct{}

func (nothing) Observe(float64) {}

// screen is a playout of a hop's pictures: it looks at 30 pictures a second.
type screen struct {
	video *ingest.Video
	began time.Time
	shown int
	last  time.Time
	pause time.Duration // the longest
}

// watch shows what comes over a hop.
func watch(h *hop) *screen {
	s := &screen{video: ingest.NewVideo(ingest.VideoConfig{
		Decoder: newReel(), Joiner: &payload.H264Joiner{}, Pool: yuv.NewPool(40), Turns: make(chan struct{}, 1),
		RequestKeyFrame: h.requestKey, Reassembled: nothing{}, Decoded: nothing{},
	})}
	s.video.Show(image.Pt(32, 32), nil, h.w.now)
	h.arrived = func(p *rtp.Packet, _ bool) {
		s.video.Wait(h.feedback.Patience())
		s.video.Push(p, h.w.now)
	}
	h.w.every(time.Second/30, func() {
		if _, fresh := s.video.Picture(nil, h.w.now); fresh {
			s.shown++
			s.look(h.w.now)
		}
	})
	return s
}

// begin begins to measure.
func (s *screen) begin(now time.Time) { s.began, s.last, s.shown, s.pause = now, now, 0, 0 }

func (s *screen) look(now time.Time) {
	s.pause = max(s.pause, now.Sub(s.last))
	s.last = now
}

// earphone is a playout of a hop's sound.
type earphone struct {
	voice      *ingest.Voice
	gap, pause time.Duration // now, and the longest
	made       bool          // this block was made up
}

// silentOpus is a packet of 20 ms in form (RFC 6716 §3.1), as long as speech is.
func silentOpus() []byte { return append([]byte{0x78}, make([]byte, 79)...) }

// Decode makes a loud block.
func (e *earphone) Decode(dst []float32, _ []byte) (int, error) {
	for i := range dst[:pcm.Samples] {
		dst[i] = 0.5
	}
	return pcm.Samples, nil
}

// Recover conceals.
func (e *earphone) Recover(dst []float32, _ []byte) error {
	clear(dst)
	e.made = true
	return nil
}

// Close does nothing.
func (*earphone) Close() error { return nil }

// hark plays what comes over a hop.
func hark(h *hop) *earphone {
	e := &earphone{}
	e.voice = ingest.NewVoice(e)
	h.arrived = func(p *rtp.Packet, retransmitted bool) {
		e.voice.Push(ingest.VoicePacket{Packet: p, Retransmitted: retransmitted}, h.w.now)
	}
	h.w.every(pcm.Duration, func() {
		var block pcm.Block
		e.made = false
		if _, ok := e.voice.Pull(&block, h.w.now); ok && !e.made {
			e.gap = 0
			return
		}
		e.gap += pcm.Duration
		e.pause = max(e.pause, e.gap)
	})
	return e
}
