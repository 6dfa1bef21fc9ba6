package ingest_test

import (
	"bytes"
	"image"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// sends is how a sender cuts a stream into packets, and what becomes of them on their way. Each of
// these was seen in the field. The zero value of each field is what most senders do.
type sends struct {
	markers string // "last" of each picture, by default; "all": each NAL unit's; "none"
	sets    string // of parameters: "each" key frame, by default, "once", "offer" only, "apart" with a timestamp of their own
	padding bool   // a packet of padding behind each picture
	unseen  int    // pictures that nobody looks at, at first
	slices  int    // of a picture; 2 by default
	first   uint16 // sequence number
	ticks   uint32 // of the clock between two pictures; 3000 by default
	stall   time.Duration
	report  uint64 // what each report says of the sender's time, NTP; 0: there is none
	lost    int    // each so many packets never comes
	late    int    // each so many packets comes 100 ms later, as after a repair
	twice   bool   // each packet comes again
}

// parcel is a packet and when it comes.
type parcel struct {
	rtp.Packet
	at time.Duration
}

var spsNAL, ppsNAL = append([]byte{0x67, 0x42, 0xc0, 0x1f, 0xd9}, make([]byte, 5)...), []byte{0x68, 0xce, 0x3c, 0x80, 0}

const senderFrame = time.Second / 30

// film makes packets of pictures, of which each tenth is an IDR, in the order in which they come.
func (s sends) film(pictures int) (out []parcel) {
	seq, timestamp, at := s.first, uint32(5000), time.Duration(0)
	add := func(last bool, payload []byte) {
		p := parcel{rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: seq, Timestamp: timestamp, Marker: last && s.markers != "none" || s.markers == "all",
		}, Payload: payload}, at}
		n := int(seq - s.first)
		seq++
		at += time.Millisecond
		if s.lost > 0 && n%s.lost == s.lost-1 {
			return
		}
		if s.late > 0 && n%s.late == s.late-1 {
			p.at += 100 * time.Millisecond
		}
		if out = append(out, p); s.twice {
			out = append(out, p)
		}
	}
	for i := range pictures {
		kind := byte(1)
		at = time.Duration(i) * senderFrame
		if i > pictures/2 {
			at += s.stall
		}
		if i%10 == 0 {
			kind = 5
			if s.sets == "" || s.sets != "offer" && i == 0 {
				add(false, spsNAL)
				add(false, ppsNAL)
			}
			if s.sets == "apart" && i == 0 {
				timestamp += 100
			}
		}
		all := max(s.slices, 1)
		if s.slices == 0 {
			all = 2
		}
		for n := range all {
			first := byte(0x40) // first_mb_in_slice is not 0
			if n == 0 {
				first = 0x80
			}
			add(n == all-1, []byte{0x60 | kind, first, byte(i), 1, byte(n + 1)})
		}
		if s.padding {
			add(false, nil)
		}
		ticks := s.ticks
		if ticks == 0 {
			ticks = 3000
		}
		timestamp += ticks
	}
	slices.SortStableFunc(out, func(a, b parcel) int { return int(a.at - b.at) })
	return out
}

// shower is a tape that shows a picture for each access unit.
type shower struct {
	tape
	picture *image.YCbCr
}

func (d *shower) Decode(au []byte) (*image.YCbCr, error) {
	_, _ = d.tape.Decode(au)
	return d.picture, nil
}

// TestSenders has streams cut in all ways: a decoder gets each picture whole, with parameters
// before the first, and is told of no loss but where markers turn out to be no picture's end. The
// clock sees them, whatever the sender's reports and its clock say.
func TestSenders(t *testing.T) {
	for name, c := range map[string]struct {
		sends
		offered [][]byte
		losses  int // at most; those of a lossy path at least
		missing int // pictures of 40 that may be missing
	}{
		"as most send":                       {},
		"one slice":                          {sends: sends{slices: 1}},
		"sixteen slices":                     {sends: sends{slices: 16}},
		"parameters once":                    {sends: sends{sets: "once"}},
		"parameters once, nobody looks":      {sends: sends{sets: "once", unseen: 15}, missing: 5},
		"parameters of another time":         {sends: sends{sets: "apart", unseen: 15}, missing: 5},
		"parameters in the offer":            {sends: sends{sets: "offer"}, offered: [][]byte{ppsNAL, spsNAL}},
		"padding":                            {sends: sends{padding: true}},
		"no markers":                         {sends: sends{markers: "none"}, missing: 1},
		"no markers, one slice, padding":     {sends: sends{markers: "none", slices: 1, padding: true}, missing: 1},
		"markers on all":                     {sends: sends{markers: "all"}, losses: 1, missing: 2},
		"markers on all, sixteen slices":     {sends: sends{markers: "all", slices: 16}, losses: 1, missing: 2},
		"markers on all, padding, sets once": {sends: sends{markers: "all", sets: "once", padding: true, unseen: 15}, losses: 1, missing: 5},
		"numbers wrap":                       {sends: sends{first: 65_500}},
		"all comes twice":                    {sends: sends{twice: true}},
		"repairs come late":                  {sends: sends{late: 9}},
		"repairs come late, padding":         {sends: sends{late: 7, padding: true}},
		"a stall of 3 s":                     {sends: sends{stall: 3 * time.Second}},
		"a clock of 1 kHz":                   {sends: sends{ticks: 33}},
		"a clock of 90 MHz":                  {sends: sends{ticks: 3_000_000}},
		"reports of all ones":                {sends: sends{report: math.MaxUint64}},
		"reports of another day":             {sends: sends{report: 1 << 40}},
		"each 23rd packet is lost":           {sends: sends{lost: 23}, losses: 3, missing: 10},
	} {
		t.Run(name, func(t *testing.T) {
			dec := &shower{picture: image.NewYCbCr(image.Rect(0, 0, 64, 36), image.YCbCrSubsampleRatio420)}
			v := ingest.NewVideo(ingest.VideoConfig{
				Joiner: &payload.H264Joiner{},
				Turns:  make(chan struct{}, 1), Decoder: dec, Pool: yuv.NewPool(3 + ingest.MaxHeld), RequestKeyFrame: func() {},
				Reassembled: unobserved{}, Decoded: unobserved{}, Parameters: c.offered,
			})
			defer v.Release()
			tick, seen, shown := time.Duration(0), c.unseen == 0, 0
			look := func(until time.Duration) {
				for ; tick < until; tick += senderFrame / 2 {
					if _, fresh := v.Picture(nil, epoch.Add(tick)); fresh {
						shown++
					}
				}
			}
			v.Show(image.Pt(64, 36), nil, epoch)
			if !seen {
				v.Show(image.Point{}, nil, epoch)
			}
			for _, p := range c.film(40) {
				now := epoch.Add(p.at)
				if !seen && p.Timestamp >= 5000+uint32(3000*c.unseen) {
					v.Show(image.Pt(64, 36), nil, now)
					dec.lost, seen = 0, true
				}
				if c.report != 0 {
					v.Report(c.report, p.Timestamp)
				}
				v.Push(&p.Packet, now)
				look(p.at)
			}
			look(tick + 2*time.Second)
			if dec.lost > c.losses || c.lost > 0 && dec.lost < c.losses {
				t.Errorf("%d losses were told, not %d", dec.lost, c.losses)
			}
			whole, keys := 0, 0
			for _, u := range dec.units {
				all := max(c.slices, 1)
				if c.slices == 0 {
					all = 2
				}
				if bytes.Contains(u, []byte{0x80, u[len(u)-3], 1, 1}) && bytes.HasSuffix(u, []byte{1, byte(all)}) {
					whole++
				}
				if bytes.Contains(u, annexB(spsNAL[:5])) && bytes.Contains(u, annexB(ppsNAL[:4])) {
					keys++
				}
			}
			want := 40 - c.unseen - c.missing
			if whole < want || keys < (40-c.unseen)/10-c.missing/5 {
				t.Errorf("%d whole pictures of %d, %d with parameters", whole, want, keys)
			}
			if shown < want*3/4 {
				t.Errorf("the clock saw %d pictures of %d", shown, want)
			}
		})
	}
}
