package bot

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"

	"tilemix/mcu/rtc/receive"
)

// feedback tells the server which packets came and when, and which are missing, as browsers do:
// transport-wide feedback each 100 ms, and a NACK at once (RFC 4585 §6.2.1). The goroutine that
// receives owns it.
type feedback struct {
	path     *path
	ssrc     uint32 // no other goroutine encrypts under it
	encrypt  *srtp.Context
	arrivals *receive.Arrivals
}

// newFeedback returns the feedback of a bot that sends by path.
func newFeedback(p *path, number uint32, epoch time.Time) *feedback {
	f := &feedback{path: p, ssrc: 1<<31 | number}
	f.arrivals = receive.NewArrivals(f.send, epoch)
	return f
}

// packet notes a packet of RTP.
func (f *feedback) packet(p []byte, now time.Time) {
	if number, ok := transportNumber(p); ok {
		f.arrivals.Packet(binary.BigEndian.Uint32(p[8:]), number, now)
	}
}

// missing requests packets of a stream: those after one up to another.
func (f *feedback) missing(ssrc uint32, after, before uint16) {
	const most = 200 // else a key frame is cheaper
	if before-after > most {
		return
	}
	var numbers []uint16
	for n := after + 1; n != before; n++ {
		numbers = append(numbers, n)
	}
	_ = f.send([]rtcp.Packet{&rtcp.TransportLayerNack{SenderSSRC: f.ssrc, MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)}})
}

func (f *feedback) send(packets []rtcp.Packet) error {
	for _, p := range packets {
		if t, is := p.(*rtcp.TransportLayerCC); is {
			t.SenderSSRC = f.ssrc
		}
	}
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return err
	}
	encrypted, err := f.encrypt.EncryptRTCP(nil, plain, nil)
	if err != nil {
		return err
	}
	return f.path.write(encrypted)
}

// transportNumber reads the transport-wide sequence number from an RTP packet's header (RFC 8285 §4.2).
func transportNumber(p []byte) (n uint16, ok bool) {
	at := 12 + 4*int(p[0]&15)
	if p[0]&0x10 == 0 || len(p) < at+4 || binary.BigEndian.Uint16(p[at:]) != 0xbede {
		return 0, false
	}
	end := min(len(p), at+4+4*int(binary.BigEndian.Uint16(p[at+2:])))
	for at += 4; at < end; {
		id, length := p[at]>>4, int(p[at]&15)+1
		switch {
		case p[at] == 0: // padding
			at++
		case id == 15 || at+1+length > end:
			return 0, false
		case id == numberExt && length == 2:
			return binary.BigEndian.Uint16(p[at+1:]), true
		default:
			at += 1 + length
		}
	}
	return 0, false
}
