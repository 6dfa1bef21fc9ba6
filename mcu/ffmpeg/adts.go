package ffmpeg

import (
	"bufio"
	"errors"
	"io"
)

var errADTS = errors.New("FFmpeg makes something else than AAC")

// ReadADTS cuts FFmpeg's output into raw frames of AAC (ADTS, ISO/IEC 13818-7 §6.2), each with memory of
// its own. It blocks while frames is full, and closes frames at the end. It returns an error where the
// output is no ADTS.
func ReadADTS(stdout io.Reader, frames chan<- []byte) error {
	defer close(frames)
	const headerSize = 7
	r := bufio.NewReader(stdout)
	for {
		var header [headerSize]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return nil // it is the end
		}
		size := int(header[3]&3)<<11 | int(header[4])<<3 | int(header[5])>>5
		if header[0] != 0xff || header[1]&0xf0 != 0xf0 || size < headerSize {
			return errADTS
		}
		if header[1]&1 == 0 { // a checksum follows
			_, _ = r.Discard(2)
			size -= 2
		}
		frame := make([]byte, size-headerSize)
		if _, err := io.ReadFull(r, frame); err != nil {
			return nil // it is the end
		}
		frames <- frame
	}
}
