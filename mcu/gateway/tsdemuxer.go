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

	"tilemix/codec/h264"
	"tilemix/mcu"
)

const (
	// queuedUnits is how many units wait for the reader of a source.
	queuedUnits = 64
	// lead is how long before its time a unit of a paced stream is delivered.
	lead = 100 * time.Millisecond
	// leap is how far timestamps may jump before the pace begins anew.
	leap = 5 * time.Second

	// streamRate is the rate of the timestamps, in Hz.
	streamRate = 90_000
	// streamWrap is where the timestamps of a transport stream wrap around.
	streamWrap = 1 << 33
)

// tsDemuxer reads the MPEG transport stream of FFmpeg, for one attempt of an input. It delivers
// the units to the sources that the participant's goroutines read. It holds a paced stream,
// which arrives faster than real time, to its timestamps.
type tsDemuxer struct {
	paced        bool
	seen         func() // called for each picture, or each packet of sound if there is no video
	ctx          context.Context
	video, audio *rtpSource
	wg           sync.WaitGroup
	still        *time.Timer // ends the attempt when no media arrives

	// Owned by the goroutine that reads. Timestamps are in ticks of streamRate.
	trial  trial
	films  bool // the stream has video
	begun  bool
	last   int64     // newest timestamp, unwrapped
	shift  int64     // from timestamps to those of all repetitions
	newest int64     // largest of all repetitions
	again  bool      // the stream begins again
	first  int64     // timestamp where the pace began
	base   time.Time // when the pace began
	ntp    time.Time // of origin
	origin int64     // first timestamp of all
}

func newTSDemuxer(paced bool, t trial, seen func()) *tsDemuxer {
	return &tsDemuxer{paced: paced, seen: seen, trial: t, video: newRTPSource(true), audio: newRTPSource(false)}
}

// play has a participant show and play both sources until wait. stop ends the attempt when no
// media arrives.
func (d *tsDemuxer) play(ctx context.Context, who *mcu.Participant, stop context.CancelCauseFunc) {
	d.ctx = ctx
	d.still = time.AfterFunc(patience, func() { stop(errors.New("no media arrives from the source")) })
	d.wg.Go(func() {
		select {
		case <-d.video.begun:
			who.PlayVideo(d.video)
		case <-d.video.ended:
		}
	})
	d.wg.Go(func() {
		select {
		case <-d.audio.begun:
			who.PlayAudio(d.audio)
		case <-d.audio.ended:
		}
	})
}

// wait ends the sources and waits for the goroutines of play.
func (d *tsDemuxer) wait() {
	d.still.Stop()
	d.trial.end()
	close(d.video.ended)
	close(d.audio.ended)
	d.wg.Wait()
}

// run reads the transport stream to its end.
func (d *tsDemuxer) run(from io.Reader) error {
	ts := &mpegts.Reader{R: from}
	if err := ts.Initialize(); err != nil {
		return nil //nolint:nilerr // FFmpeg says why there is no stream
	}
	ts.OnDecodeError(func(error) {})
	found := false
	d.films = false
	for _, t := range ts.Tracks() {
		switch t.Codec.(type) {
		case *codecs.H264:
			found, d.films = true, true
			ts.OnDataH264(t, func(_, dts int64, au [][]byte) error {
				if err := d.trial.judge(dts, au); err != nil {
					return err
				}
				if d.trial.passed {
					d.seen()
				}
				return d.deliver(d.video, dts, au)
			})
		case *codecs.Opus:
			found = true
			ts.OnDataOpus(t, func(pts int64, packets [][]byte) error {
				if !d.films {
					d.seen()
				}
				for i, p := range packets {
					if err := d.deliver(d.audio, pts+int64(i)*streamRate/50, [][]byte{p}); err != nil {
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
			if d.ctx.Err() != nil {
				return nil //nolint:nilerr // the expected end
			}
			if errors.Is(err, io.EOF) {
				return d.trial.over()
			}
			if errors.Is(err, h264.ErrUnreadable) {
				return err
			}
			return fmt.Errorf("read the stream: %w", err)
		}
	}
}

// deliver passes a unit on when it is due. Pictures have their decoding times, because these
// rise and are the times when pictures leave the decoder.
func (d *tsDemuxer) deliver(to *rtpSource, timestamp int64, parts [][]byte) error {
	at := d.unwrap(timestamp)
	now := time.Now()
	if !d.begun {
		d.begun = true
		d.first, d.base, d.origin, d.ntp = at, now, at, now
	}
	d.still.Reset(patience)
	due := d.base.Add(time.Duration(at-d.first) * time.Second / streamRate)
	if early := due.Sub(now); early.Abs() > leap {
		d.first, d.base = at, now
	} else if d.paced && early > -lead {
		select {
		case <-time.After(early + lead):
		case <-d.ctx.Done():
			return d.ctx.Err()
		}
	}
	u := unit{at: at - d.origin, ntp: d.ntp, parts: parts}
	to.begin()
	select {
	case to.units <- u:
		return nil
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
}

// rewind has the next stream follow the last one without a gap.
func (d *tsDemuxer) rewind() { d.again = true }

// unwrap returns a timestamp that rises over wraps and repetitions.
func (d *tsDemuxer) unwrap(timestamp int64) int64 {
	step := (timestamp - d.last) % streamWrap
	switch {
	case d.again:
		step = timestamp - d.last
		d.shift, d.again = d.newest+streamRate/30-timestamp, false
	case !d.begun:
		step = timestamp - d.last
	case step > streamWrap/2:
		step -= streamWrap
	case step < -streamWrap/2:
		step += streamWrap
	}
	d.last += step
	d.newest = max(d.newest, d.last+d.shift)
	return d.last + d.shift
}
