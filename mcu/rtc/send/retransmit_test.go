package send

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/packet"
)

// sending is a picture's downlink onto a wire that numbers and retransmits.
func sending(t *testing.T, rtx bool) (*Downlink, *wire) {
	t.Helper()
	d := NewVideo(quietPath())
	w := newWire(102, 7)
	w.number, w.rtx = true, rtx
	d.Bind(w.binding())
	d.Open()
	return d, w
}

// sounding is a downlink of sound.
func sounding(t *testing.T) (*Downlink, *wire) {
	t.Helper()
	d := NewAudio(quietPath())
	w := newWire(111, 7)
	d.Bind(w.binding())
	d.Open()
	return d, w
}

// picture is an access unit whose payloads tell their place.
func picture(n byte, packets int) packet.Packets {
	p := packet.Packets{Timestamp: uint32(n) * 3000, Key: n == 0}
	for i := range packets {
		p.Payloads = append(p.Payloads, []byte{n, byte(i), 1, 2, 3})
	}
	return p
}

func hear(t *testing.T, d *Downlink, p rtcp.Packet) {
	t.Helper()
	hearAt(t, d, time.Now(), p)
}

// hearAt has a downlink take what its client reports at a time.
func hearAt(t *testing.T, d *Downlink, now time.Time, p rtcp.Packet) {
	t.Helper()
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	d.HandleRTCP(b, now, func() {})
}

func TestRepeats(t *testing.T) {
	for _, rtx := range []bool{true, false} {
		d, w := sending(t, rtx)
		for n := range byte(20) {
			d.Write(picture(n, 3), time.Now())
		}
		sent, first := len(w.headers), w.headers[0].SequenceNumber
		lost := w.headers[31]
		nack := &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 7, Nacks: rtcp.NackPairsFromSequenceNumbers(
			[]uint16{lost.SequenceNumber, first - 1, lost.SequenceNumber + 7})}
		hear(t, d, nack)
		hear(t, d, nack) // at once: not twice
		if got := w.headers[sent:]; len(got) != 2 {
			t.Fatalf("rtx %v: %d repeats of 2", rtx, len(got))
		}
		again, body := w.headers[sent], w.bodies[sent]
		switch {
		case again.Timestamp != lost.Timestamp || again.Marker != lost.Marker:
			t.Errorf("rtx %v: repeated %+v of %+v", rtx, again, lost)
		case rtx && (again.SSRC != 1007 || again.PayloadType != 127 || !bytes.Equal(body[2:], w.bodies[31]) ||
			binary.BigEndian.Uint16(body) != lost.SequenceNumber || w.headers[sent+1].SequenceNumber != again.SequenceNumber+1):
			t.Errorf("retransmitted %+v, %x", again, body)
		case !rtx && (again.SSRC != 7 || again.PayloadType != 102 || again.SequenceNumber != lost.SequenceNumber || !bytes.Equal(body, w.bodies[31])):
			t.Errorf("repeated %+v, %x", again, body)
		}
		if c := d.path.counters; c.Retransmitted.Load() != 2 || c.NotRetransmitted.Load() != 4 {
			t.Errorf("rtx %v: %d repeats, %d refused", rtx, c.Retransmitted.Load(), c.NotRetransmitted.Load())
		}
		idr := picture(99, 1)
		idr.Key = true
		d.Write(idr, time.Now())
		if next := w.headers[len(w.headers)-1]; next.SequenceNumber != first+60 {
			t.Errorf("rtx %v: the stream went on with %d after %d", rtx, next.SequenceNumber, first+59)
		}
		before := len(w.headers)
		hear(t, d, &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: first + 50}}})
		if len(w.headers) != before {
			t.Errorf("rtx %v: repeated what was before an IDR", rtx)
		}
	}
}

// TestPacedPictureIsRepeated asks for a packet of a picture that has not left as a whole.
func TestPacedPictureIsRepeated(t *testing.T) {
	d, w := sending(t, false)
	d.Write(picture(0, 1), time.Now())
	first := w.headers[0].SequenceNumber
	d.path.rate.Store(100_000)
	p := packet.Packets{Key: true, Timestamp: 3000}
	for range 100 {
		p.Payloads = append(p.Payloads, make([]byte, 1000))
	}
	d.Write(p, time.Now())
	sent := len(w.headers)
	if sent == 1 || sent == 101 {
		t.Fatalf("%d packets of 100 left at once", sent-1)
	}
	nacks := rtcp.NackPairsFromSequenceNumbers([]uint16{first + 1, first + 100})
	hear(t, d, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 7, Nacks: nacks})
	again := 0
	for _, h := range w.headers[sent:] {
		switch h.SequenceNumber - first {
		case 1:
			again++
		case 100:
			t.Error("what has not left yet was repeated")
		}
	}
	if again != 1 {
		t.Errorf("what was lost was repeated %d times", again)
	}
	before := len(w.headers)
	hear(t, d, &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: first}}})
	if len(w.headers) == before || w.headers[before].SequenceNumber != first {
		t.Error("what was before an IDR that has not left yet was not repeated")
	}
}

// TestSoundWaitsForARepeat posts sound while another goroutine answers a NACK: all of it leaves.
func TestSoundWaitsForARepeat(t *testing.T) {
	d, w := sounding(t)
	block := func(n uint32) {
		d.Write(packet.Packets{Payloads: [][]byte{{1}}, Timestamp: n * 960, Key: true}, time.Now())
	}
	block(0)
	d.acquire()
	for n := range uint32(5) {
		block(n + 1)
	}
	d.release(d.path.since(time.Now()))
	if len(w.headers) != 6 || d.Stats().Dropped > 0 {
		t.Fatalf("%d blocks of 6 left, %d were held", len(w.headers), d.Stats().Dropped)
	}
	hear(t, d, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 4242, Nacks: []rtcp.NackPair{{PacketID: w.headers[3].SequenceNumber}}})
	if len(w.headers) != 6 {
		t.Error("another stream's packet was repeated")
	}
}

// TestSoundIsRepeated: all sound is key, and what was before it is repeated all the same.
func TestSoundIsRepeated(t *testing.T) {
	d, w := sounding(t)
	for n := range byte(100) {
		d.Write(packet.Packets{Payloads: [][]byte{{n, 1, 2, 3}}, Timestamp: uint32(n) * 960, Key: true}, time.Now())
	}
	nacks := rtcp.NackPairsFromSequenceNumbers([]uint16{w.headers[20].SequenceNumber, w.headers[60].SequenceNumber})
	hear(t, d, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 7, Nacks: nacks})
	if len(w.headers) != 101 {
		t.Fatalf("%d repeats, not that alone which is recent", len(w.headers)-100)
	}
	if again, lost := w.headers[100], w.headers[60]; again.SequenceNumber != lost.SequenceNumber ||
		again.Timestamp != lost.Timestamp || again.Marker || !bytes.Equal(w.bodies[100], w.bodies[60]) {
		t.Errorf("repeated %+v of %+v", again, lost)
	}
	d.Write(packet.Packets{Payloads: [][]byte{{100}}, Timestamp: 100 * 960, Key: true}, time.Now())
	if next := w.headers[101]; next.SequenceNumber != w.headers[99].SequenceNumber+1 {
		t.Errorf("the stream went on with %d after %d", next.SequenceNumber, w.headers[99].SequenceNumber)
	}
}

// TestAbsurdReceivers say what cannot be, and much of it.
func TestAbsurdReceivers(t *testing.T) {
	d, w := sending(t, true)
	for n := range byte(60) {
		d.Write(packet.Packets{Payloads: [][]byte{make([]byte, 1180), make([]byte, 1180)}, Timestamp: uint32(n), Key: n == 0}, time.Now())
	}
	sent := len(w.headers)
	var everything rtcp.TransportLayerNack
	everything.MediaSSRC = 7
	for seq := range 250 {
		everything.Nacks = append(everything.Nacks, rtcp.NackPair{PacketID: w.headers[0].SequenceNumber + uint16(seq*17), LostPackets: 0xffff})
	}
	start := time.Now()
	for range 200 {
		hear(t, d, &everything)
	}
	took := time.Since(start).Seconds()
	repeated := float64(len(w.headers)-sent) * 1240 * 8
	if most := rtxFree * (0.6 + took); repeated > most {
		t.Errorf("%.0f bits repeated in %.2f s", repeated, took)
	}
	if d.path.counters.InvalidReports.Load() < 200 {
		t.Errorf("%d absurd NACKs counted", d.path.counters.InvalidReports.Load())
	}
	for _, remb := range []float32{0, 1, 5e9, 1e30} {
		hear(t, d, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: remb, SSRCs: []uint32{7}})
		if got := d.Estimate(); got < 0 || got > unlimited || (remb < 1e6 && got < 20_000) {
			t.Errorf("REMB %v made an estimate of %d", remb, got)
		}
	}
	hear(t, d, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 255, LastSenderReport: 1, Delay: 1 << 31}}})
	if d.RTT() != 0 {
		t.Errorf("a forged round trip of %v", d.RTT())
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 { // reports of what was never sent
		hear(t, d, &rtcp.TransportLayerCC{
			Header:    rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
			MediaSSRC: 7, BaseSequenceNumber: uint16(r.Uint32()), PacketStatusCount: 1000, ReferenceTime: r.Uint32() & 0xffffff,
			PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{RunLength: 1000}},
		})
	}
	if loss := d.Loss(); loss < 0 || loss > 1 {
		t.Errorf("%v lost", loss)
	}
}

// ofNewest makes a report of arrival times one of the packets that were sent last: what
// was never sent is told of in vain.
func ofNewest(d *Downlink, b []byte) []byte {
	if len(b) < 20 || b[1] != 205 || b[0]&31 != 15 {
		return nil
	}
	b = bytes.Clone(b)
	back := binary.BigEndian.Uint16(b[12:]) % 16
	binary.BigEndian.PutUint16(b[12:], uint16(d.path.number.Load())-back)
	return b
}

// transportReportOn tells of count packets from a number that they came, each some
// quarters of a millisecond after the one before.
func transportReportOn(base uint16, count int, reference uint32, delta byte) []byte {
	body := make([]byte, 12, 20+count)
	body[7] = 7
	binary.BigEndian.PutUint16(body[8:], base)
	binary.BigEndian.PutUint16(body[10:], uint16(count))
	body = binary.BigEndian.AppendUint32(body, reference<<8)
	body = binary.BigEndian.AppendUint16(body, 1<<13|uint16(count))
	body = append(body, bytes.Repeat([]byte{delta}, count)...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return append([]byte{2<<6 | 15, 205, 0, byte(len(body) / 4)}, body...)
}

func FuzzHear(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 5, LostPackets: 0x8001}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{7}},
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 9}}},
		&rtcp.SenderReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 9}}},
		&rtcp.PictureLossIndication{MediaSSRC: 7},
		&rtcp.FullIntraRequest{MediaSSRC: 7, FIR: []rtcp.FIREntry{{SSRC: 7}}},
	} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, reference := range []uint32{0xc00000, 0x800000, 0, 1, 0x7fffff, 0xffffff} {
		f.Add(transportReportOn(1, 8, reference, 250))
	}
	f.Add([]byte{0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 7, 0, 1, 0, 5, 0, 0, 1, 0, 0xd4, 0, 0x20, 2, 4, 4, 4, 4})
	d := NewVideo(quietPath())
	w := newWire(102, 7)
	w.number, w.rtx, w.forget = true, true, true
	d.Bind(w.binding())
	d.Open()
	f.Fuzz(func(t *testing.T, b []byte) {
		d.Write(picture(0, 2), time.Now())
		d.Write(picture(1, 2), time.Now())
		d.HandleRTCP(b, time.Now(), func() {})
		d.HandleRTCP(ofNewest(d, b), time.Now(), func() {})
		if d.Loss() < 0 || d.Loss() > 1 || d.Estimate() < 0 || d.RTT() < 0 {
			t.Errorf("%v lost, %d bits/s, %v", d.Loss(), d.Estimate(), d.RTT())
		}
	})
}
