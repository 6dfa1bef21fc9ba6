// Package aac has FFmpeg make AAC of a mix while it comes.
//
//	packet ─▶ Transcoder.Write: decode ─▶ blocks ─▶ FFmpeg ─▶ frames ─▶ Config.Put
//
// # Why
//
// OpenH264 and libopus come with the server, and a free AAC encoder of their quality does not. FFmpeg runs
// as a child, under the limits of package ffmpeg. Frames have 1024 samples and packets have 960, so time is
// counted in the samples that FFmpeg was given.
package aac

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ffmpeg"
)

const (
	// Frame (1024) is how many samples a frame has.
	Frame = 1024
	// priming is how many samples FFmpeg's encoder puts in front of its input.
	priming = 1024
	// farewell is how long FFmpeg may take to end.
	farewell = 5 * time.Second
	// maxBlocks and maxFrames are how much may wait for FFmpeg, and of what it made.
	maxBlocks = 32
	maxFrames = 512
	// revivals is how often another FFmpeg goes on.
	revivals = 3
	// slack is how far sound may be from its place before it is moved.
	slack = pcm.Samples / 2
)

// errStopped is why FFmpeg takes or gives nothing more.
var errStopped = errors.New("FFmpeg, which makes the AAC, has ended or hangs")

// Config says what a Transcoder is for.
type Config struct {
	Channels int          // of the mix and of what FFmpeg makes, 1 or 2
	Cell     *ffmpeg.Cell // that locks FFmpeg in; nil: nothing does
	// Patience is how long FFmpeg may take no sound, beyond the 640 ms that may wait.
	Patience time.Duration
	// Live has Write not wait meanwhile: silence takes the place of sound that FFmpeg is too slow for.
	Live bool
	// Begin, where set, returns when the stream began. Sound that begins less than a second after that has
	// silence in front, as all players take it.
	Begin func() time.Duration
	// Put takes a frame and its time. The frame is its own from then on. An error of Put ends Write.
	Put func(frame []byte, at time.Duration) error
}

// Transcoder makes AAC of one mix. Time is counted in samples that FFmpeg was given, so a gap is filled with
// silence. It belongs to one goroutine. While FFmpeg runs, its input and its output have one each.
type Transcoder struct {
	cfg    Config
	dec    *opus.Decoder
	child  *ffmpeg.Process
	kill   context.CancelFunc
	blocks chan block  // closed when no more sound comes
	frames chan []byte // closed when FFmpeg ends

	begun   bool
	revived int
	began   time.Duration            // of the sound
	lead    int64                    // samples of silence in front of the first block
	fed     int64                    // samples
	made    int64                    // samples
	took    time.Time                // when FFmpeg last took sound
	sound   [6 * pcm.Samples]float32 // of a packet, 120 ms at most
	side    pcm.Block                // half of what the left channel has more than the right
	rest    pcm.Block                // what else mono leaves out
	raw     block
}

// block is 20 ms as FFmpeg takes it, of one channel or of two, interleaved.
type block [2 * 2 * pcm.Samples]byte

// New returns a transcoder that is at rest. It fails with ffmpeg.ErrMissing where FFmpeg is not installed.
func New(cfg Config) (*Transcoder, error) {
	if _, err := ffmpeg.Find(""); err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		return nil, err
	}
	return &Transcoder{cfg: cfg, dec: dec, blocks: make(chan block, maxBlocks), frames: make(chan []byte, maxFrames)}, nil
}

// Bitrate is that of a mix with so many channels, bits a second.
func Bitrate(channels int) int {
	if channels == 2 {
		return 160_000
	}
	return 96_000
}

// Start starts FFmpeg. Close is to be called also where it fails.
func (v *Transcoder) Start() error {
	ctx, kill := context.WithCancel(context.Background())
	blocks, frames := v.blocks, v.frames // revive replaces them
	child, err := ffmpeg.Command{
		Args: []string{
			"-nostdin", "-hide_banner", "-loglevel", "error",
			"-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer", // it is known what comes
			"-f", "s16le", "-ar", "48000", "-ac", strconv.Itoa(v.cfg.Channels), "-i", "pipe:0",
			"-c:a", "aac", "-b:a", strconv.Itoa(Bitrate(v.cfg.Channels)), "-flush_packets", "1", "-f", "adts", "pipe:1",
		},
		Cell: v.cfg.Cell,
		In:   func(w io.Writer) error { return v.send(w, blocks) },
		Out:  func(r io.Reader) error { return ffmpeg.ReadADTS(r, frames) },
	}.Start(ctx)
	if err != nil {
		kill()
		return fmt.Errorf("AAC: %w", err)
	}
	v.child, v.kill, v.took = child, kill, time.Now()
	return nil
}

// Warm has FFmpeg make something of silence, so that it does not lag at the beginning: it takes some 100 ms to
// start. It is for one without Config.Begin, between Start and Write. It returns after a time at the latest.
func (v *Transcoder) Warm(most time.Duration) {
	late := time.NewTimer(most)
	defer late.Stop()
	v.silence()
	for range maxBlocks / 2 {
		v.fill()
		select {
		case v.blocks <- v.raw:
			v.fed += pcm.Samples
		case <-late.C:
			return
		}
	}
	for {
		select {
		case _, ok := <-v.frames:
			if !ok {
				return // Write says so
			}
			if v.made += Frame; v.made > v.fed/2 {
				return
			}
		case <-late.C:
			return
		}
	}
}

// send gives FFmpeg the sound.
func (v *Transcoder) send(w io.Writer, blocks <-chan block) error {
	for b := range blocks {
		if lead := v.lead; lead > 0 {
			v.lead = 0
			_, _ = w.Write(make([]byte, 2*lead*int64(v.cfg.Channels)))
		}
		if _, err := w.Write(b[:2*v.cfg.Channels*pcm.Samples]); err != nil {
			return nil //nolint:nilerr // FFmpeg has ended, and says why
		}
	}
	return nil
}

// Write takes an Opus packet of 20 ms at a time, and puts what FFmpeg has made. If FFmpeg has ended or hangs,
// another goes on, three times. Then Write fails.
func (v *Transcoder) Write(packet []byte, at time.Duration) error {
	if v.child == nil { // the last revival has failed
		return errStopped
	}
	err := v.encode(packet, at)
	if errors.Is(err, errStopped) && v.revived < revivals {
		return v.revive()
	}
	return err
}

// revive starts another FFmpeg in place of one that has ended or hangs. The sound has a gap.
func (v *Transcoder) revive() error {
	close(v.blocks)
	v.kill()
	for range v.frames { // what it still made has no place any more
	}
	_ = v.child.Wait()
	v.child = nil // Close waits for no process if none starts
	v.blocks, v.frames = make(chan block, maxBlocks), make(chan []byte, maxFrames)
	v.begun, v.fed, v.made = false, 0, 0
	v.revived++
	return v.Start()
}

// Close has FFmpeg end. It puts the last frames if whole is set, and waits up to 5 s for them.
func (v *Transcoder) Close(whole bool) error {
	close(v.blocks)
	if v.child == nil {
		return v.dec.Close()
	}
	if !whole {
		v.kill()
	}
	late := time.AfterFunc(farewell, v.kill)
	defer late.Stop()
	var err error
	for frame := range v.frames {
		if whole && err == nil {
			err = v.put(frame)
		}
	}
	ended := v.child.Wait()
	v.kill()
	_ = v.dec.Close()
	if whole && ended != nil {
		return errors.Join(err, fmt.Errorf("FFmpeg, which makes the AAC: %w", ended))
	}
	return err
}
