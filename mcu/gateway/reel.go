package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
	"github.com/pion/rtp"
	payloads "github.com/pion/rtp/codecs"

	"tilemix/mcu"
	"tilemix/mcu/rtptime"
)

const (
	// queuedUnits is how much waits for a camera or microphone to be read.
	queuedUnits = 64
	// packetSize is the longest payload of the packets that are made of a unit.
	packetSize = 1200
	// lead is how much earlier than it is due media is read that is held to its pace.
	lead = 100 * time.Millisecond
	// leap is how far timestamps may jump until the pace begins anew.
	leap = 5 * time.Second

	streamRate = 90_000
	// streamTurn is where the timestamps of a transport stream begin again.
	streamTurn = 1 << 33
)

// reel is one run of an input's stream: it reads FFmpeg's transport stream and hands its
// units to the goroutines that play them, when they are due where the stream comes
// faster than it is to be shown.
type reel struct {
	paced        bool
	up           func()
	ctx          context.Context
	video, audio *film
	wg           sync.WaitGroup
	still        *time.Timer
	begun        bool
	last         int64     // timestamp, unwrapped
	shift        int64     // from timestamps to those of the whole
	newest       int64     // of all that was given
	again        bool      // the stream begins again
	first        int64     // where the pace began
	base         time.Time // and when
	ntp          time.Time // of the first timestamp of all
	origin       int64
}

func newReel(paced bool, up func()) *reel {
	return &reel{paced: paced, up: up, video: newFilm(true), audio: newFilm(false)}
}

// play has a participant show and play what comes, until ctx ends.
func (r *reel) play(ctx context.Context, who *mcu.Participant, stop context.CancelCauseFunc) {
	r.ctx = ctx
	r.still = time.AfterFunc(patience, func() { stop(errors.New("no media arrives from the source")) })
	r.wg.Go(func() {
		select {
		case <-r.video.begun:
			who.PlayVideo(r.video)
		case <-r.video.ended:
		}
	})
	r.wg.Go(func() {
		select {
		case <-r.audio.begun:
			who.PlayAudio(r.audio)
		case <-r.audio.ended:
		}
	})
}

// wait ends what play began.
func (r *reel) wait() {
	r.still.Stop()
	close(r.video.ended)
	close(r.audio.ended)
	r.wg.Wait()
}

// run reads the transport stream to its end.
func (r *reel) run(from io.Reader) error {
	ts := &mpegts.Reader{R: from}
	if err := ts.Initialize(); err != nil {
		return nil //nolint:nilerr // FFmpeg says why there is no stream
	}
	ts.OnDecodeError(func(error) {})
	found := false
	for _, t := range ts.Tracks() {
		switch t.Codec.(type) {
		case *codecs.H264:
			found = true
			ts.OnDataH264(t, func(_, dts int64, au [][]byte) error { return r.give(r.video, dts, au) })
		case *codecs.Opus:
			found = true
			ts.OnDataOpus(t, func(pts int64, packets [][]byte) error {
				for i, p := range packets {
					if err := r.give(r.audio, pts+int64(i)*streamRate/50, [][]byte{p}); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	if !found {
		return errors.New("the stream has neither video nor audio")
	}
	for {
		if err := ts.Read(); err != nil {
			if r.ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil //nolint:nilerr // it is the end that is expected
			}
			return fmt.Errorf("read the stream: %w", err)
		}
	}
}

// give hands a unit on when it is due. Pictures have the times of their decoding,
// which rise, and at which they leave the decoder.
func (r *reel) give(f *film, timestamp int64, parts [][]byte) error {
	at := r.unwrap(timestamp)
	now := time.Now()
	if !r.begun {
		r.begun = true
		r.first, r.base, r.origin, r.ntp = at, now, at, now
		r.up()
	}
	r.still.Reset(patience)
	due := r.base.Add(time.Duration(at-r.first) * time.Second / streamRate)
	if early := due.Sub(now); early.Abs() > leap {
		r.first, r.base = at, now
	} else if r.paced && early > -lead {
		select {
		case <-time.After(early + lead):
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
	u := pulled{at: at - r.origin, ntp: r.ntp, parts: parts}
	f.begin()
	select {
	case f.units <- u:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// rewind has what follows begin behind what was.
func (r *reel) rewind() { r.again = true }

// unwrap makes timestamps rise for good.
func (r *reel) unwrap(timestamp int64) int64 {
	d := (timestamp - r.last) % streamTurn
	switch {
	case r.again:
		d = timestamp - r.last
		r.shift, r.again = r.newest+streamRate/30-timestamp, false
	case !r.begun:
		d = timestamp - r.last
	case d > streamTurn/2:
		d -= streamTurn
	case d < -streamTurn/2:
		d += streamTurn
	}
	r.last += d
	r.newest = max(r.newest, r.last+r.shift)
	return r.last + r.shift
}

// pulled is an access unit or a packet of sound that came.
type pulled struct {
	at    int64 // ticks of 90 kHz since the first
	ntp   time.Time
	parts [][]byte // NAL units, or the packet
}

// film is a [media.Source]: what it is given, as packets. One goroutine gives, one reads.
type film struct {
	units chan pulled
	begun chan struct{} // closed when there is something
	ended chan struct{} // closed when nothing more is to be read
	once  sync.Once
	video bool

	// The reader's.
	pay      payloads.H264Payloader
	packets  [][]byte
	next     int
	seq      uint16
	stamp    uint32
	reported bool
	ntp      time.Time
}

func newFilm(video bool) *film {
	return &film{video: video, units: make(chan pulled, queuedUnits), begun: make(chan struct{}), ended: make(chan struct{})}
}

func (f *film) begin() { f.once.Do(func() { close(f.begun) }) }

// Read returns the next packet as soon as there is one.
func (f *film) Read(p *rtp.Packet) error {
	for f.next >= len(f.packets) {
		select {
		case u := <-f.units:
			f.cut(u)
		case <-f.ended:
			return io.EOF
		}
	}
	f.next++
	f.seq++
	*p = rtp.Packet{
		Header: rtp.Header{
			Version: 2, SSRC: 1, SequenceNumber: f.seq, Timestamp: f.stamp,
			Marker: f.video && f.next == len(f.packets),
		},
		Payload: f.packets[f.next-1],
	}
	return nil
}

// cut makes packets of a unit.
func (f *film) cut(u pulled) {
	f.packets, f.next, f.ntp = f.packets[:0], 0, u.ntp
	if !f.video {
		f.stamp = uint32(u.at * 48_000 / streamRate)
		f.packets = append(f.packets, u.parts...)
		return
	}
	f.stamp = uint32(u.at)
	for _, nal := range u.parts {
		f.packets = append(f.packets, f.pay.Payload(packetSize, nal)...)
	}
}

// Reported says that the first of all timestamps was the beginning of the stream.
func (f *film) Reported() (ntp uint64, timestamp uint32, fresh bool) {
	if f.reported {
		return 0, 0, false
	}
	f.reported = true
	return rtptime.NTP(f.ntp), 0, true
}
