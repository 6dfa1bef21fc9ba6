package worker

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestOrders reads orders of any bytes. What is taken for one lies within its slot, and an order that is put comes
// back as it was.
func TestOrders(t *testing.T) {
	mem, err := newMemory(slotSize(320*180, 320*180))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	unit, sounds := mem.unit(3), mem.sounds(3)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, mostOrders-1).Draw(t, "index")
		if rapid.Bool().Draw(t, "hostile") {
			copy(unit[i*orderSize:], rapid.SliceOfN(rapid.Byte(), orderSize, orderSize).Draw(t, "bytes"))
			var o order
			if o.get(unit, i, len(sounds)) {
				_ = unit[o.at:][:o.length]
				for row := range o.lanes() {
					_ = o.row(sounds, row)
				}
			}
			return
		}
		want := order{
			voice: rapid.IntRange(0, mostVoices-1).Draw(t, "voice"), samples: rapid.IntRange(1, longest).Draw(t, "samples"),
			anew: rapid.Bool().Draw(t, "anew"), recovers: rapid.Bool().Draw(t, "recovers"), wide: rapid.Bool().Draw(t, "wide"),
			at: packetsAt + rapid.IntRange(0, 1000).Draw(t, "at"), length: rapid.IntRange(0, mostPacket).Draw(t, "length"),
			out: rapid.IntRange(0, 1000).Draw(t, "out"),
		}
		want.put(unit, i)
		var got order
		if !got.get(unit, i, len(sounds)) || got != want {
			t.Errorf("it is %+v, not %+v", got, want)
		}
		if unit[resultsAt+i] != 0 {
			t.Error("it is done before it has begun")
		}
	})
	if resultsAt+mostOrders > doneAt || doneAt+4 > packetsAt || doneAt%4 != 0 {
		t.Error("the parts of a slot overlap")
	}
}

// TestTake takes samples as a worker writes them that a stream has taken over.
func TestTake(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	dst := make([]float32, 8)
	take(dst, []float32{0.5, nan, inf, -inf, 4, -4, 4.1, -1e30})
	for i, want := range []float32{0.5, 0, 0, 0, 4, -4, 0, 0} {
		if dst[i] != want {
			t.Errorf("sample %d is %v, not %v", i, dst[i], want)
		}
	}
}

// TestRefusedOrders gives a worker's side orders that no server gives.
func TestRefusedOrders(t *testing.T) {
	mem, err := newMemory(slotSize(320*180, 320*180))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.close()
	unit, sounds := mem.unit(0), mem.sounds(0)
	var e ears
	defer e.close()
	for name, o := range map[string]order{
		"no samples":             {at: packetsAt, length: 3},
		"too long":               {samples: longest + 1, at: packetsAt, length: 3},
		"a packet outside":       {samples: 960, at: len(unit) - 2, length: 3},
		"a sound outside":        {samples: 960, at: packetsAt, length: 3, out: len(sounds) - 959},
		"what mono lacks beyond": {samples: 960, at: packetsAt, length: 3, out: len(sounds) - 2000, wide: true},
		"a voice of no number":   {voice: mostVoices, samples: 960, at: packetsAt, length: 3},
	} {
		o.put(unit, 0)
		if r := e.listen(&tenant{}, unit, sounds, 1); r.result != failed {
			t.Errorf("%s: the result is %v", name, r.result)
		}
	}
	if r := e.listen(&tenant{}, unit, sounds, mostOrders+1); r.result != failed {
		t.Errorf("too many orders: the result is %v", r.result)
	}
	good := order{samples: 960, at: packetsAt, length: 3}
	good.put(unit, 0)
	copy(unit[packetsAt:], []byte{0x08, 0xff, 0xfe})
	other := order{samples: 480, at: packetsAt, length: 3} // the packet is of 20 ms
	other.put(unit, 1)
	if r := e.listen(&tenant{}, unit, sounds, 2); r.result != heard || sound(unit[resultsAt]) != decoded || sound(unit[resultsAt+1]) != spoiled {
		t.Errorf("the results are %v: %v", r.result, unit[resultsAt:resultsAt+2])
	}
	if n := doneOf(unit).Load(); n != 2 {
		t.Errorf("%d orders are done", n)
	}
}
