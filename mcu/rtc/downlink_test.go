package rtc

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"pgregory.net/rapid"
)

// wire is a negotiated track that keeps the headers written to it.
type wire struct {
	webrtc.TrackLocalContext
	codec   webrtc.RTPCodecParameters
	ssrc    webrtc.SSRC
	headers []rtp.Header
	bodies  [][]byte
	number  bool // transport-wide numbers were negotiated
	rtx     bool // so were retransmissions
	forget  bool
	err     error
}

func (w *wire) CodecParameters() []webrtc.RTPCodecParameters {
	all := []webrtc.RTPCodecParameters{{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9}}, w.codec}
	if w.rtx {
		all = append(all, webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, SDPFmtpLine: fmt.Sprintf("apt=%d", w.codec.PayloadType),
		}, PayloadType: 127})
	}
	return all
}

func (w *wire) HeaderExtensions() []webrtc.RTPHeaderExtensionParameter {
	if !w.number {
		return nil
	}
	return []webrtc.RTPHeaderExtensionParameter{{URI: sdp.TransportCCURI, ID: 5}}
}
func (w *wire) SSRCRetransmission() webrtc.SSRC      { return w.ssrc + 1000 }
func (w *wire) SSRC() webrtc.SSRC                    { return w.ssrc }
func (w *wire) WriteStream() webrtc.TrackLocalWriter { return w }
func (w *wire) RTCPReader() interceptor.RTCPReader   { return nil }
func (w *wire) Write(b []byte) (int, error)          { return len(b), nil }
func (w *wire) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	if w.forget {
		return len(p), nil
	}
	w.headers = append(w.headers, h.Clone())
	w.bodies = append(w.bodies, bytes.Clone(p))
	// What an interceptor does.
	if err := h.SetExtension(3, []byte{1, 2}); err != nil {
		return 0, err
	}
	return len(p), w.err
}

func newWire(mime string, pt webrtc.PayloadType, ssrc webrtc.SSRC) *wire {
	return &wire{ssrc: ssrc, codec: webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, SDPFmtpLine: "packetization-mode=1"},
		PayloadType:        pt,
	}}
}

// TestDownlink feeds a downlink from sources of any timestamps, with
// connections that come and go: what leaves is one stream for each connection.
func TestDownlink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDownlink(webrtc.RTPCodecTypeVideo, quietLine())
		first, second := newWire(webrtc.MimeTypeH264, 102, 1), newWire(webrtc.MimeTypeH264, 109, 2)
		bound := first
		payload := []byte{0x41, 1, 2, 3}
		timestamp := rapid.Uint32().Draw(t, "timestamp")
		var started, open, negotiated bool
		wrote := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				if _, err := d.Bind(bound); err != nil {
					t.Fatal(err)
				}
				negotiated, started = true, false
			case 1:
				d.open.Store(true)
				open = true
			case 2:
				if err := d.Unbind(bound); err != nil {
					t.Fatal(err)
				}
				negotiated, started = false, false
				bound = second
			}
			timestamp += rapid.Uint32Range(1, 9000).Draw(t, "step in time")
			p := Packets{Timestamp: timestamp, Key: rapid.Bool().Draw(t, "key")}
			for range rapid.IntRange(1, 4).Draw(t, "packets") {
				p.Payloads = append(p.Payloads, payload)
			}
			if d.Ready() != (open && negotiated) || d.Waits() != (open && negotiated && !started) {
				t.Fatalf("ready %v, waits %v: open %v, negotiated %v, started %v", d.Ready(), d.Waits(), open, negotiated, started)
			}
			want := open && negotiated && (started || p.Key)
			if got := d.Write(p); got != want {
				t.Fatalf("written %v, not %v", got, want)
			}
			if want {
				started = true
				wrote += len(p.Payloads)
				last := bound.headers[len(bound.headers)-1]
				if !last.Marker || last.SSRC != uint32(bound.ssrc) || last.PayloadType != uint8(bound.codec.PayloadType) {
					t.Fatalf("header %+v", last)
				}
				if last.Timestamp != d.base+timestamp {
					t.Fatalf("timestamp %d", last.Timestamp)
				}
			}
		}
		for _, w := range []*wire{first, second} {
			for i, h := range w.headers {
				if h.Extension || len(h.Extensions) > 0 {
					t.Fatal("an extension of another packet")
				}
				if i > 0 && h.SequenceNumber != w.headers[i-1].SequenceNumber+1 {
					t.Fatalf("packet %d follows %d", h.SequenceNumber, w.headers[i-1].SequenceNumber)
				}
				if i > 0 && w.headers[i-1].Marker == (h.Timestamp == w.headers[i-1].Timestamp) {
					t.Fatal("a marker not at the end")
				}
			}
		}
		if packets, bytes, errs := d.Sent(); packets != uint64(wrote) || bytes != uint64(4*wrote) || errs != 0 {
			t.Fatalf("sent %d packets, %d bytes, %d errors", packets, bytes, errs)
		}
	})
}

func TestDownlinkRefuses(t *testing.T) {
	line := quietLine()
	d := newDownlink(webrtc.RTPCodecTypeAudio, line)
	if _, err := d.Bind(newWire(webrtc.MimeTypeH264, 102, 1)); !errors.Is(err, webrtc.ErrUnsupportedCodec) {
		t.Errorf("bound to another codec: %v", err)
	}
	w := newWire(webrtc.MimeTypeOpus, 111, 1)
	w.err = errors.New("no")
	if _, err := d.Bind(w); err != nil {
		t.Fatal(err)
	}
	d.open.Store(true)
	d.Write(Packets{Payloads: [][]byte{{1}}, Key: true})
	if _, _, errs := d.Sent(); errs != 1 || line.counts.errors.Load() != 1 {
		t.Errorf("%d errors counted, %d of all downlinks", errs, line.counts.errors.Load())
	}
	if w.headers[0].Marker {
		t.Error("sound has a marker")
	}
}

// written is a downlink that writes to nowhere, and five packets for it.
func written(tb testing.TB) (*Downlink, Packets) {
	tb.Helper()
	d := newDownlink(webrtc.RTPCodecTypeVideo, quietLine())
	w := newWire(webrtc.MimeTypeH264, 102, 1)
	w.forget = true
	if _, err := d.Bind(w); err != nil {
		tb.Fatal(err)
	}
	d.open.Store(true)
	p := Packets{Key: true}
	for range 5 {
		p.Payloads = append(p.Payloads, make([]byte, 1180))
	}
	return d, p
}

func TestDownlinkAllocates(t *testing.T) {
	d, p := written(t)
	for range 2 * keptUnits { // until what is kept fills its memory
		d.Write(p)
	}
	if n := testing.AllocsPerRun(100, func() { d.Write(p) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDownlinkWrite is an access unit of five packets, without what pion
// and the kernel do.
func BenchmarkDownlinkWrite(b *testing.B) {
	d, p := written(b)
	b.ReportAllocs()
	for b.Loop() {
		d.Write(p)
	}
}

func quietLine() *line {
	return newLine(func([]rtcp.Packet) error { return nil }, newWheel(), &counts{})
}
