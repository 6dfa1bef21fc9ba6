package route_test

import (
	"errors"
	"image"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/transport/v5/packetio"

	"tilemix/codec"
	"tilemix/mcu/mcutest/clocks"
	"tilemix/mcu/rtc/route"
)

const (
	midID, ridID, repairedID = 1, 2, 3
	h264, rtx                = 96, 97
)

// sps is the sequence parameter set of a picture of so many macroblocks each way.
func sps(large bool) []byte {
	if large { // 640x360
		return []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x0f, 0x16, 0x2e, 0x48}
	}
	return []byte{0x67, 0x42, 0xc0, 0x0c, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x01, 0xe0, 0xf1, 0x42, 0x99, 0x20} // 320x180
}

// wire is what a client sends to a router, and what the router tells.
type wire struct {
	*route.Router
	lanes   map[uint32]io.ReadWriteCloser
	begun   []*route.Stream
	unbound []route.Reason
	dropped int
	keys    map[uint32]int
	seq     map[uint32]uint16
	now     time.Time
	current []*route.Section // that were accepted last
}

func newWire(sections ...*route.Section) *wire {
	w := &wire{lanes: map[uint32]io.ReadWriteCloser{}, keys: map[uint32]int{}, seq: map[uint32]uint16{}, now: time.Unix(1_800_000_000, 0), current: sections}
	w.Router = route.New(route.Events{
		Begin:    func(s *route.Stream) { w.begun = append(w.begun, s) },
		Unbound:  func(_ uint32, _ uint8, why route.Reason) { w.unbound = append(w.unbound, why) },
		Dropped:  func(route.Reason) { w.dropped++ },
		Arrived:  func(uint32, uint16, time.Time) {},
		KeyFrame: func(ssrc uint32) { w.keys[ssrc]++ },
	}, func() time.Time { return w.now })
	w.Accept(&route.Table{Sections: sections})
	return w
}

func video(change func(*route.Section)) *route.Section {
	s := &route.Section{
		Mid: "1", Video: true, MidID: midID, StreamID: ridID, RepairedID: repairedID,
		Formats: map[uint8]route.PayloadFormat{h264: {Codec: codec.H264, Rate: 90000}, rtx: {Repair: true, Repairs: h264}},
	}
	if change != nil {
		change(s)
	}
	return s
}

func audio() *route.Section {
	return &route.Section{Mid: "0", Formats: map[uint8]route.PayloadFormat{111: {Rate: 48000}}}
}

// send sends one packet with names in header extensions.
func (w *wire) send(ssrc uint32, pt uint8, payload []byte, names ...string) {
	p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, PayloadType: pt, SequenceNumber: w.seq[ssrc]}, Payload: payload}
	w.seq[ssrc]++
	for i := 0; i+1 < len(names); i += 2 {
		id := map[string]uint8{"mid": midID, "rid": ridID, "repaired": repairedID}[names[i]]
		if err := p.SetExtension(id, []byte(names[i+1])); err != nil {
			panic(err)
		}
	}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	if w.lanes[ssrc] == nil {
		w.lanes[ssrc] = w.Buffer(packetio.RTPBufferPacket, ssrc)
	}
	if n, err := w.lanes[ssrc].Write(b); n != len(b) || err != nil {
		panic("a packet was not taken")
	}
}

// packets reads what waits in a stream. It is called in a bubble of time (synctest), where a deadline passes only
// while there is nothing to read, however busy the machine is.
func packets(t *testing.T, s *route.Stream) (all []rtp.Packet, repairs int) {
	t.Helper()
	for {
		_ = s.SetReadDeadline(time.Now().Add(time.Millisecond))
		b := make([]byte, 1600)
		n, repair, err := s.Read(b)
		if err != nil {
			return all, repairs
		}
		var p rtp.Packet
		if err := p.Unmarshal(b[:n]); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
		if repair {
			repairs++
		}
	}
}

// TestBind finds streams by SSRC, by mid and by payload type, and says of each packet that is
// of none why.
func TestBind(t *testing.T) {
	slice := []byte{0x61, 1, 2}
	for name, c := range map[string]struct {
		section *route.Section
		send    func(*wire)
		streams int
		unbound []route.Reason
	}{
		"by payload type": {video(nil), func(w *wire) { w.send(7, h264, slice) }, 1, nil},
		"by mid":          {video(nil), func(w *wire) { w.send(7, h264, slice, "mid", "1") }, 1, nil},
		"by SSRC":         {video(func(s *route.Section) { s.SSRCs = []uint32{7} }), func(w *wire) { w.send(7, h264, slice) }, 1, nil},
		"another SSRC than was declared": {
			video(func(s *route.Section) { s.SSRCs = []uint32{7} }),
			func(w *wire) { w.send(8, h264, slice) }, 1, nil,
		},
		"a second stream": {
			video(nil), func(w *wire) { w.send(7, h264, slice); w.send(8, h264, slice); w.send(8, h264, slice) }, 1,
			[]route.Reason{route.Surplus},
		},
		"a codec that was refused": {video(nil), func(w *wire) { w.send(7, 35, slice) }, 0, []route.Reason{route.NoFormat}},
		"a layer that was not answered": {
			video(func(s *route.Section) { s.RIDs = []string{"a"} }),
			func(w *wire) { w.send(7, h264, slice, "mid", "1", "rid", "b"); w.send(8, h264, slice) }, 0,
			[]route.Reason{route.NoLayer, route.NoLayer},
		},
		"RTX first": {video(nil), func(w *wire) { w.send(9, rtx, append([]byte{0, 0}, slice...)); w.send(7, h264, slice) }, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { bind(t, c.section, c.send, c.streams, c.unbound) })
		})
	}
}

func bind(t *testing.T, section *route.Section, send func(*wire), streams int, unbound []route.Reason) {
	t.Helper()
	w := newWire(audio(), section)
	send(w)
	if len(w.begun) != streams || !slices.Equal(w.unbound, unbound) {
		t.Errorf("%d streams, unbound %v; want %d, %v", len(w.begun), w.unbound, streams, unbound)
	}
	w.Close()
	for _, s := range w.begun {
		packets(t, s)
		_ = s.SetReadDeadline(time.Time{})
		if _, _, err := s.Read(make([]byte, 1600)); !errors.Is(err, io.EOF) {
			t.Errorf("a stream goes on after Close: %v", err)
		}
	}
}

// TestRepairs puts back what RTX repairs: the first packet of an SSRC that no offer declared.
func TestRepairs(t *testing.T) { synctest.Test(t, repairs) }

func repairs(t *testing.T) {
	w := newWire(video(nil))
	w.send(7, h264, []byte{0x61, 1})
	w.send(99, rtx, []byte{0x12, 0x34, 0x61, 9})
	w.send(99, rtx, nil) // a probe
	w.send(7, h264, []byte{0x61, 2})
	all, repairs := packets(t, w.begun[0])
	if len(all) != 3 || repairs != 1 || len(w.begun) != 1 {
		t.Fatalf("%d packets, %d repairs, %d streams", len(all), repairs, len(w.begun))
	}
	if p := all[1]; p.SequenceNumber != 0x1234 || p.SSRC != 7 || p.PayloadType != h264 || !slices.Equal(p.Payload, []byte{0x61, 9}) {
		t.Errorf("%+v", p)
	}
}

// TestAnew has a sender begin anew with another SSRC after a pause: that is another stream, and
// the one before ends.
func TestAnew(t *testing.T) {
	w := newWire(video(nil))
	w.send(7, h264, []byte{0x61, 1})
	w.now = w.now.Add(350 * time.Millisecond)
	w.send(8, h264, []byte{0x61, 1})
	if len(w.begun) != 2 || w.begun[1].SSRC() != 8 || len(w.unbound) > 0 {
		t.Fatalf("%d streams, %v", len(w.begun), w.unbound)
	}
}

// TestLayers reads the smallest layer that covers the tile, and changes at a key frame.
func TestLayers(t *testing.T) { synctest.Test(t, layers) }

func layers(t *testing.T) {
	w := newWire(audio(), video(func(s *route.Section) { s.RIDs = []string{"h", "q"} }))
	w.Want(image.Pt(640, 360))
	slice := []byte{0x61, 1, 2}
	w.send(2, h264, sps(false), "mid", "1", "rid", "q")
	w.send(1, h264, slice, "mid", "1", "rid", "h") // of unknown size
	if len(w.begun) != 1 || w.begun[0].SSRC() != 2 {
		t.Fatalf("%d streams", len(w.begun))
	}
	w.send(2, h264, slice)
	if w.keys[1] == 0 {
		t.Error("no key frame is asked for, of a layer whose size is not known")
	}
	w.send(1, h264, sps(true))
	if len(w.begun) != 2 || w.begun[1].SSRC() != 1 {
		t.Fatalf("%d streams after the larger layer's key frame", len(w.begun))
	}
	if all, _ := packets(t, w.begun[1]); len(all) != 1 || all[0].Payload[0] != 0x67 {
		t.Errorf("begins with %v", all)
	}
	w.Want(image.Pt(320, 180))
	w.send(1, h264, slice)
	w.send(2, h264, slice)
	if len(w.begun) != 2 {
		t.Error("changes without a key frame")
	}
	w.send(2, h264, sps(false))
	if len(w.begun) != 3 || w.begun[2].SSRC() != 2 {
		t.Errorf("%d streams after the smaller layer's key frame", len(w.begun))
	}
	w.send(5, rtx, append([]byte{0, 1}, slice...), "mid", "1", "repaired", "h")
	w.send(6, rtx, append([]byte{0, 1}, slice...), "mid", "1", "repaired", "q")
	if all, repairs := packets(t, w.begun[2]); len(all) != 2 || repairs != 1 {
		t.Errorf("%d packets, %d repairs of the layer that is read", len(all), repairs)
	}
}

// TestReports keeps a sender report that comes before its stream.
func TestReports(t *testing.T) {
	w := newWire(video(nil))
	rtcp := w.Buffer(packetio.RTCPBufferPacket, 7)
	sr := make([]byte, 28)
	sr[0], sr[1], sr[3], sr[7], sr[15], sr[19] = 0x80, 200, 6, 7, 42, 43
	if _, err := rtcp.Write(sr); err != nil {
		t.Fatal(err)
	}
	w.send(7, h264, []byte{0x61, 1})
	if r := w.begun[0].Report(); r == nil || r.NTP != 42 || r.Timestamp != 43 || !r.At.Equal(w.now) {
		t.Errorf("%+v", r)
	}
}

// FuzzPacket writes anything to a lane of each kind.
func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x80, h264, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0x67}, uint32(7))
	f.Add([]byte{0xa0, rtx, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 200}, uint32(9))
	f.Fuzz(func(_ *testing.T, packet []byte, ssrc uint32) {
		w := newWire(audio(), video(func(s *route.Section) { s.Repairs = map[uint32]uint32{9: 7} }))
		_, _ = w.Buffer(packetio.RTPBufferPacket, ssrc).Write(slices.Clone(packet))
		_, _ = w.Buffer(packetio.RTCPBufferPacket, ssrc).Write(packet)
		w.Close()
	})
}

// TestClockSet has the machine's clock set back by an hour while a sender pauses: it may begin anew.
func TestClockSet(t *testing.T) {
	w := newWire(video(nil))
	w.now = time.Now()
	w.send(7, h264, []byte{0x61, 1})
	w.now = clocks.Set(w.now.Add(350*time.Millisecond), -time.Hour)
	w.send(8, h264, []byte{0x61, 1})
	if len(w.begun) != 2 || w.begun[1].SSRC() != 8 {
		t.Errorf("%d streams", len(w.begun))
	}
}
