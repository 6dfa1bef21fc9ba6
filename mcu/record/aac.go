package record

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/record/fmp4"
)

const (
	aacFrame = 1024 // samples
	// aacPriming is how many samples FFmpeg's encoder puts in front of its input.
	aacPriming = 1024
	// aacPatience is how long FFmpeg may take no sound, or take to end.
	aacPatience = 5 * time.Second
	// aacSlack is how far sound may be from its place in the file before it is moved.
	aacSlack = pcm.Samples / 2
)

// aac has FFmpeg make AAC of the sound while it comes. Time is counted in samples that
// FFmpeg was given, so a gap is filled with silence.
//
//	packet ─▶ decode ─▶ pipe ─▶ ffmpeg ─▶ pipe ─▶ read ─▶ frames ─▶ fmp4.Writer
//
// It belongs to the recording's goroutine and has one of its own, read.
type aac struct {
	out    *fmp4.Writer
	dec    *opus.Decoder
	cmd    *exec.Cmd
	stdin  *os.File
	stderr strings.Builder
	frames chan []byte // closed when FFmpeg ends

	begun bool
	began time.Duration            // of the sound, in the file
	fed   int64                    // samples
	made  int64                    // samples
	sound [6 * pcm.Samples]float32 // of a packet, 120 ms at most
	raw   [2 * pcm.Samples]byte
}

// AACEncoder tells whether there is a program that makes AAC, and which.
func AACEncoder() (path string, err error) {
	if path, err = exec.LookPath("ffmpeg"); err != nil {
		return "", fmt.Errorf("%w: FFmpeg is not installed (apt-get install ffmpeg), or record with --audio-codec opus", ErrNoEncoder)
	}
	return path, nil
}

func newAAC(out *fmp4.Writer) (*aac, error) {
	path, err := AACEncoder()
	if err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		return nil, err
	}
	v := &aac{out: out, dec: dec, frames: make(chan []byte, 512)}
	v.cmd = exec.Command(path, "-nostdin", "-hide_banner", "-loglevel", "error",
		"-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0",
		"-c:a", "aac", "-b:a", "96k", "-flush_packets", "1", "-f", "adts", "pipe:1")
	v.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH")} // the rest may hold secrets
	v.cmd.Stderr = &v.stderr
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is the server's
	if err := v.start(); err != nil {
		_ = dec.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoEncoder, err)
	}
	return v, nil
}

func (v *aac) start() error {
	in, stdin, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	v.cmd.Stdin, v.stdin = in, stdin
	stdout, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		_ = stdin.Close()
		return err
	}
	go v.read(stdout)
	return nil
}

// read cuts FFmpeg's output into frames (ADTS, ISO/IEC 13818-7 §6.2).
func (v *aac) read(stdout io.Reader) {
	defer close(v.frames)
	const headerSize = 7
	r := bufio.NewReader(stdout)
	for {
		var header [headerSize]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return
		}
		size := int(header[3]&3)<<11 | int(header[4])<<3 | int(header[5])>>5
		if header[0] != 0xff || header[1]&0xf0 != 0xf0 || size < headerSize {
			return
		}
		if header[1]&1 == 0 { // a checksum follows
			_, _ = r.Discard(2)
			size -= 2
		}
		frame := make([]byte, size-headerSize)
		if _, err := io.ReadFull(r, frame); err != nil {
			return
		}
		v.frames <- frame
	}
}

// write has FFmpeg go on with a packet, and writes what it has made.
func (v *aac) write(packet []byte, at time.Duration) error {
	if !v.begun {
		v.begun, v.began = true, at
	}
	due := samples(at - v.began)
	for v.fed+aacSlack < due {
		clear(v.sound[:pcm.Samples])
		if err := v.feed(); err != nil {
			return err
		}
	}
	if v.fed > due+aacSlack { // it is there already
		return nil
	}
	if n, err := v.dec.Decode(v.sound[:], packet); err != nil || n < pcm.Samples {
		clear(v.sound[:])
	}
	if err := v.feed(); err != nil {
		return err
	}
	for {
		select {
		case frame, ok := <-v.frames:
			if !ok {
				return v.fault()
			}
			if err := v.put(frame); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// feed gives 20 ms to FFmpeg.
func (v *aac) feed() error {
	for i, x := range v.sound[:pcm.Samples] {
		binary.LittleEndian.PutUint16(v.raw[2*i:], uint16(int16(max(-1, min(x, 1))*32767)))
	}
	v.fed += pcm.Samples
	_ = v.stdin.SetWriteDeadline(time.Now().Add(aacPatience))
	if _, err := v.stdin.Write(v.raw[:]); err != nil {
		return v.fault()
	}
	return nil
}

// fault says why FFmpeg takes or gives nothing more.
func (v *aac) fault() error {
	return errors.New("FFmpeg, which makes the AAC, has ended or hangs")
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
	_ = v.stdin.Close()
	if !whole {
		_ = v.cmd.Process.Kill()
	}
	late := time.AfterFunc(aacPatience, func() { _ = v.cmd.Process.Kill() })
	defer late.Stop()
	var err error
	for frame := range v.frames {
		if whole && err == nil {
			err = v.put(frame)
		}
	}
	ended := v.cmd.Wait()
	_ = v.dec.Close()
	if whole && ended != nil {
		return errors.Join(err, fmt.Errorf("FFmpeg, which makes the AAC: %w: %s", ended, strings.TrimSpace(v.stderr.String())))
	}
	return err
}

func samples(d time.Duration) int64 {
	return int64(d/time.Second)*pcm.Rate + int64(d%time.Second)*pcm.Rate/int64(time.Second)
}

func seconds(samples int64) time.Duration {
	return time.Duration(samples/pcm.Rate)*time.Second + time.Duration(samples%pcm.Rate)*time.Second/pcm.Rate
}
