package reports

import (
	"math"
	"slices"
	"testing"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"
)

// marshalled returns a packet as it travels.
func marshalled(t *rapid.T, p rtcp.Packet) []byte {
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLostReadsEveryNACK reads what pion/rtcp writes of any list, over the wrap of sequence
// numbers, and no more of it than the caller takes.
func TestLostReadsEveryNACK(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seq := uint16(rapid.IntRange(0, 1<<16-1).Draw(t, "first"))
		var lost []uint16
		for _, step := range rapid.SliceOfN(rapid.IntRange(1, 40), 1, 200).Draw(t, "steps") {
			seq += uint16(step)
			lost = append(lost, seq)
		}
		most := rapid.IntRange(1, 250).Draw(t, "most")
		b := marshalled(t, &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: rtcp.NackPairsFromSequenceNumbers(lost)})
		Each(b, func(r RTCP) {
			if ssrc, ok := r.NACK(); !ok || ssrc != 7 {
				t.Fatalf("a NACK about %d, %v", ssrc, ok)
			}
			var got []uint16
			longer := r.Lost(most, func(seq uint16) { got = append(got, seq) })
			if want := lost[:min(most, len(lost))]; !slices.Equal(got, want) || longer != (len(lost) > most) {
				t.Fatalf("%v, longer: %v; want %v", got, longer, want)
			}
		})
	})
}

// TestReadsCompoundsOfAnyOrder reads the blocks and limits of compounds.
func TestReadsCompoundsOfAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var compound []byte
		var reception []Reception
		var limits []float64
		keys := 0
		for range rapid.IntRange(1, 6).Draw(t, "packets") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				block := rtcp.ReceptionReport{
					SSRC: 7, FractionLost: rapid.Uint8().Draw(t, "lost"),
					LastSenderReport: rapid.Uint32().Draw(t, "LSR"), Delay: rapid.Uint32().Draw(t, "DLSR"),
				}
				reception = append(reception, Reception{float64(block.FractionLost) / 256, block.Jitter, block.LastSenderReport, block.Delay})
				compound = append(compound, marshalled(t, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 8}, block}})...)
			case 1:
				bps := rapid.Float32Range(1, 1e9).Draw(t, "bps")
				limits = append(limits, float64(bps))
				compound = append(compound, marshalled(t, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bps, SSRCs: []uint32{7}})...)
			default:
				keys++
				compound = append(compound, marshalled(t, &rtcp.PictureLossIndication{MediaSSRC: 7})...)
			}
		}
		var gotReception []Reception
		var gotLimits []float64
		gotKeys := 0
		Each(compound, func(r RTCP) {
			if block, ok := r.Reception(7); ok {
				gotReception = append(gotReception, block)
			}
			if bps, ok := r.Limit(); ok {
				gotLimits = append(gotLimits, bps)
			}
			if r.IsKeyRequest() && r.RequestsKey(7) && !r.RequestsKey(9) {
				gotKeys++
			}
		})
		if !slices.Equal(gotReception, reception) || gotKeys != keys || len(gotLimits) != len(limits) {
			t.Fatalf("%v, %d keys, %v; want %v, %d, %v", gotReception, gotKeys, gotLimits, reception, keys, limits)
		}
		for i, want := range limits { // a mantissa of 18 bits
			if got := gotLimits[i]; math.Abs(got-want) > want/(1<<16)+1 {
				t.Fatalf("a limit of %v, not %v", got, want)
			}
		}
	})
}

// TestReadsNothingOfHalves cuts compounds anywhere: what is whole is read, the rest is not.
func TestReadsNothingOfHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := marshalled(t, &rtcp.PictureLossIndication{MediaSSRC: 7})
		count := rapid.IntRange(1, 5).Draw(t, "count")
		all := slices.Repeat(one, count)
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		got := 0
		Each(all[:cut], func(RTCP) { got++ })
		if want := cut / len(one); got != want {
			t.Fatalf("%d packets of %d in %d bytes", got, want, cut)
		}
	})
}
