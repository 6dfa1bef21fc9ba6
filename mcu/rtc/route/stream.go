package route

import (
	"sync/atomic"
	"time"

	"github.com/pion/transport/v5/packetio"

	"tilemix/mcu/elapsed"
)

// streamBuffer is how many bytes of packets wait to be read.
const streamBuffer = 1000 * 1000

// Stream is what a client sends of one sound or picture, with its repairs put back. Read is for
// one goroutine; the rest is safe for concurrent use.
type Stream struct {
	section atomic.Pointer[Section]
	ssrc    uint32
	rid     string
	packets *packetio.Buffer

	report atomic.Pointer[Report]
	base   elapsed.Base
	last   atomic.Int64 // when its newest packet came, of base; 0: none did
}

// Report is a sender report (RFC 3550 §6.4.1).
type Report struct {
	NTP       uint64 // 32.32 fixed point
	Timestamp uint32
	At        time.Time // when it came
}

func newStream(section *Section, ssrc uint32, rid string) *Stream {
	s := &Stream{ssrc: ssrc, rid: rid, packets: packetio.NewBuffer()}
	s.section.Store(section)
	s.packets.SetLimitSize(streamBuffer)
	return s
}

// SSRC returns the stream's own.
func (s *Stream) SSRC() uint32 { return s.ssrc }

// Section returns what the stream is of. It is shared, and not to be changed. After another
// answer it may be another.
func (s *Stream) Section() *Section { return s.section.Load() }

// Report returns the newest sender report, or nil before the first.
func (s *Stream) Report() *Report { return s.report.Load() }

// Read reads the next packet into b, and tells whether it is a repair. It returns io.EOF when
// the stream has ended, and an error with Timeout after the deadline.
func (s *Stream) Read(b []byte) (n int, repair bool, err error) {
	for {
		n, _, err = s.packets.Read(b, nil)
		if err != nil {
			return 0, false, err
		}
		if n > 0 {
			return n - 1, b[n-1] != 0, nil
		}
	}
}

// SetReadDeadline has Read fail at t; the zero time is never.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.packets.SetReadDeadline(t) }

// push adds a packet. It may write behind the packet's end, where its memory goes on. Without
// room the packet is dropped.
func (s *Stream) push(packet []byte, repair bool, now time.Time) {
	mark := byte(0)
	if repair {
		mark = 1
	}
	s.last.Store(s.base.At(now))
	_, _ = s.packets.Write(append(packet, mark), nil)
}

// silent tells whether nothing has come for a time.
func (s *Stream) silent(now time.Time, for_ time.Duration) bool {
	last := s.last.Load()
	return last == 0 || s.base.At(now)-last > int64(for_)
}

func (s *Stream) close() { _ = s.packets.Close() }
