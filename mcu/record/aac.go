package record

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"tilemix/codec/mp4"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ffmpeg"
)

const (
	aacFrame = 1024 // samples
	// aacPriming is how many samples FFmpeg's encoder puts in front of its input.
	aacPriming = 1024
	// aacPatience is how long FFmpeg may take no sound, or take to end.
	aacPatience = 5 * time.Second
	// aacBlocks and aacFrames are how much may wait for FFmpeg, and of what it made.
	aacBlocks = 32
	aacFrames = 512
	// aacRevivals is how often another FFmpeg goes on in a recording.
	aacRevivals = 3
	// aacSlack is how far sound may be from its place in the file before it is moved.
	aacSlack = pcm.Samples / 2
)

// errStopped is why FFmpeg takes or gives nothing more.
var errStopped = errors.New("FFmpeg, which makes the AAC, has ended or hangs")

// aac has FFmpeg make AAC of the sound while it comes. Time is counted in samples that
// FFmpeg was given, so a gap is filled with silence.
//
//	packet ─▶ decode ─▶ blocks ─▶ send ─▶ FFmpeg ─▶ read ─▶ frames ─▶ mp4.Writer
//
// It belongs to the recording's goroutine. While FFmpeg runs, send and read have one each.
type aac struct {
	out      *mp4.Writer
	channels int
	dec      *opus.Decoder
	cell     *ffmpeg.Cell
	child    *ffmpeg.Process
	kill     context.CancelFunc
	blocks   chan aacBlock // closed when no more sound comes
	frames   chan []byte   // closed when FFmpeg ends

	begun   bool
	revived int
	began   time.Duration            // of the sound, in the file
	lead    int64                    // samples of silence in front of the first block
	fed     int64                    // samples
	made    int64                    // samples
	sound   [6 * pcm.Samples]float32 // of a packet, 120 ms at most
	side    pcm.Block                // half of what the left channel has more than the right
	rest    pcm.Block                // what else mono leaves out
	raw     aacBlock
}

// aacBlock is 20 ms as FFmpeg takes it, of one channel or of two, interleaved.
type aacBlock [2 * 2 * pcm.Samples]byte

// AACEncoder returns ErrNoEncoder when AAC is wanted and FFmpeg is not installed.
func AACEncoder() error {
	if _, err := ffmpeg.Find(""); err != nil {
		return fmt.Errorf("%w: FFmpeg is not installed (apt-get install ffmpeg), or record with --audio-codec opus", ErrNoEncoder)
	}
	return nil
}

func newAAC(channels int, out *mp4.Writer, cell *ffmpeg.Cell) (*aac, error) {
	if err := AACEncoder(); err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		return nil, err
	}
	return &aac{
		out: out, channels: channels, dec: dec, cell: cell,
		blocks: make(chan aacBlock, aacBlocks), frames: make(chan []byte, aacFrames),
	}, nil
}

// start starts FFmpeg.
func (v *aac) start() error {
	bitrate := "96k"
	if v.channels == 2 {
		bitrate = "160k"
	}
	ctx, kill := context.WithCancel(context.Background())
	blocks, frames := v.blocks, v.frames // revive replaces them
	child, err := ffmpeg.Command{
		Args: []string{
			"-nostdin", "-hide_banner", "-loglevel", "error",
			"-f", "s16le", "-ar", "48000", "-ac", strconv.Itoa(v.channels), "-i", "pipe:0",
			"-c:a", "aac", "-b:a", bitrate, "-flush_packets", "1", "-f", "adts", "pipe:1",
		},
		Cell: v.cell,
		In:   func(w io.Writer) error { return v.send(w, blocks) },
		Out:  func(r io.Reader) error { return ffmpeg.ReadADTS(r, frames) },
	}.Start(ctx)
	if err != nil {
		kill()
		return fmt.Errorf("%w: %w", ErrNoEncoder, err)
	}
	v.child, v.kill = child, kill
	return nil
}

// send gives FFmpeg the sound.
func (v *aac) send(w io.Writer, blocks <-chan aacBlock) error {
	for block := range blocks {
		if lead := v.lead; lead > 0 {
			v.lead = 0
			_, _ = w.Write(make([]byte, 2*lead*int64(v.channels)))
		}
		if _, err := w.Write(block[:2*v.channels*pcm.Samples]); err != nil {
			return nil //nolint:nilerr // FFmpeg has ended, and says why
		}
	}
	return nil
}

// write has FFmpeg go on with a packet, and writes what it has made. If FFmpeg has ended or hangs, another
// goes on.
func (v *aac) write(packet []byte, at time.Duration) error {
	err := v.encode(packet, at)
	if errors.Is(err, errStopped) && v.revived < aacRevivals {
		return v.revive()
	}
	return err
}

// revive starts another FFmpeg in place of one that has ended or hangs. The sound has a gap.
func (v *aac) revive() error {
	close(v.blocks)
	v.kill()
	for range v.frames { // what it still made has no place any more
	}
	_ = v.child.Wait()
	v.blocks, v.frames = make(chan aacBlock, aacBlocks), make(chan []byte, aacFrames)
	v.begun, v.fed, v.made = false, 0, 0
	v.revived++
	return v.start()
}

// encode gives FFmpeg a packet.
func (v *aac) encode(packet []byte, at time.Duration) error {
	if !v.begun {
		v.begin(at)
	}
	due := samples(at - v.began)
	for v.fed+aacSlack < due {
		v.silence()
		if err := v.feed(); err != nil {
			return err
		}
	}
	if v.fed > due+aacSlack { // it is there already
		return nil
	}
	if n, err := v.dec.Decode(v.sound[:], packet); err != nil || n < pcm.Samples {
		v.silence()
	} else if v.channels == 2 {
		v.dec.Sides(v.sound[:pcm.Samples], v.side[:], v.rest[:])
	}
	return v.feed()
}

// silence makes the next 20 ms silent.
func (v *aac) silence() {
	clear(v.sound[:pcm.Samples])
	v.side, v.rest = pcm.Block{}, pcm.Block{}
}

// begin has the sound begin with the file, as all players take it, unless it is much later.
func (v *aac) begin(at time.Duration) {
	v.begun, v.began = true, at
	if early := samples(at - v.out.Start()); v.revived == 0 && early >= 0 && early < pcm.Rate {
		v.began = v.out.Start()
		v.lead = early % pcm.Samples
		v.fed = v.lead
	}
}

// feed gives 20 ms to FFmpeg, and writes what it has made.
func (v *aac) feed() error {
	for i, x := range v.sound[:pcm.Samples] {
		x += v.rest[i]
		v.put16(v.channels*i, x+v.side[i])
		if v.channels == 2 {
			v.put16(2*i+1, x-v.side[i])
		}
	}
	v.fed += pcm.Samples
	select {
	case v.blocks <- v.raw:
		return v.drain()
	default:
	}
	late := time.NewTimer(aacPatience)
	defer late.Stop()
	for {
		select {
		case v.blocks <- v.raw:
			return nil
		case frame, ok := <-v.frames:
			if !ok {
				return errStopped
			}
			if err := v.put(frame); err != nil {
				return err
			}
		case <-late.C:
			return errStopped
		}
	}
}

// put16 puts a sample into the next block.
func (v *aac) put16(at int, x float32) {
	binary.LittleEndian.PutUint16(v.raw[2*at:], uint16(int16(max(-1, min(x, 1))*32767)))
}

// drain writes the frames that are there.
func (v *aac) drain() error {
	for {
		select {
		case frame, ok := <-v.frames:
			if !ok {
				return errStopped
			}
			if err := v.put(frame); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// put writes a frame where its sound belongs.
func (v *aac) put(frame []byte) error {
	at := v.made - aacPriming
	v.made += aacFrame
	if at < 0 || at >= v.fed {
		return nil
	}
	return v.out.WriteAudio(frame, v.began+seconds(at))
}

// close has FFmpeg end, and writes the last frames.
func (v *aac) close(whole bool) error {
	close(v.blocks)
	if v.child == nil {
		return v.dec.Close()
	}
	if !whole {
		v.kill()
	}
	late := time.AfterFunc(aacPatience, v.kill)
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

func samples(d time.Duration) int64 {
	return int64(d/time.Second)*pcm.Rate + int64(d%time.Second)*pcm.Rate/int64(time.Second)
}

func seconds(samples int64) time.Duration {
	return time.Duration(samples/pcm.Rate)*time.Second + time.Duration(samples%pcm.Rate)*time.Second/pcm.Rate
}
