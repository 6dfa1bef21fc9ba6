package receive

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// disorder is a path that loses, doubles and reorders numbered packets, in simulated time.
// Numbers count on past 65535; the stream begins anywhere.
type disorder struct {
	first   int // number of the first packet
	next    int
	late    []int // packets that others overtake
	arrived map[int]bool
}

// arrival draws what arrives next; ok is false where that is nothing.
func (n *disorder) arrival(t *rapid.T) (number int, ok bool) {
	switch rapid.SampledFrom([]string{"next", "next", "next", "lose", "delay", "late", "double"}).Draw(t, "fate") {
	case "lose":
		n.next++
		return 0, false
	case "delay":
		n.late = append(n.late, n.next)
		n.next++
		return 0, false
	case "late":
		if len(n.late) == 0 {
			return 0, false
		}
		number, n.late = n.late[0], n.late[1:]
		return number, true
	case "double":
		return n.next - 1, n.arrived[n.next-1]
	}
	n.next++
	return n.next - 1, true
}

// TestNACKsAskForWhatIsMissing compares the window with a model of what has arrived: no NACK
// names a packet that arrived or that nothing has overtaken, none names one too often, and
// what stays missing is requested.
func TestNACKsAskForWhatIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(0, 1<<16-1).Draw(t, "first")
		n := disorder{first: first, next: first, arrived: map[int]bool{}}
		var m missing
		now := time.Unix(1000, 0)
		highest := -1
		since, asked := map[int]time.Time{}, map[int]int{}
		for range rapid.IntRange(1, 900).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "ms")) * time.Millisecond)
			if number, ok := n.arrival(t); ok && number > highest-repairWindow {
				for gap := highest + 1; highest >= 0 && gap < number; gap++ {
					since[gap] = now
				}
				m.packet(uint16(number), false, now)
				n.arrived[number], highest = true, max(highest, number)
			}
			for _, pair := range m.due(now) {
				for _, seq := range pair.PacketList() {
					number := highest + int(int16(seq-uint16(highest)))
					if n.arrived[number] || number >= highest || number < highest-repairWindow {
						t.Fatalf("packet %d was requested; %d is the highest", number, highest)
					}
					if asked[number]++; asked[number] > repairTries {
						t.Fatalf("packet %d was requested %d times", number, asked[number])
					}
				}
			}
			holes := 0
			for number := max(highest-repairWindow+1, 0); number < highest; number++ {
				at, missing := since[number]
				if !missing || n.arrived[number] {
					continue
				}
				holes++
				if now.Sub(at) > maxReorder+minReorder+2*20*time.Millisecond && asked[number] == 0 {
					t.Fatalf("packet %d is missing for %v and was not requested", number, now.Sub(at))
				}
			}
			if m.count > holes || m.count < 0 {
				t.Fatalf("%d holes of %d", m.count, holes)
			}
		}
	})
}

// TestReceptionCountsWhatArrived compares reports with a model, over the wrap of sequence
// numbers.
func TestReceptionCountsWhatArrived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(1<<16-300, 1<<16-1).Draw(t, "first")
		n := disorder{first: first, next: first, arrived: map[int]bool{}}
		r := reception{rate: 90_000}
		now := time.Unix(1000, 0)
		begin, highest, count := -1, 0, 0
		expectedBefore, countBefore := 0, 0
		for range rapid.IntRange(1, 900).Draw(t, "steps") {
			number, ok := n.arrival(t)
			if !ok {
				continue
			}
			n.arrived[number] = true
			if begin < 0 {
				begin, highest = number, number
			}
			highest = max(highest, number)
			count++
			r.packet(uint16(number), uint32(number)*3000, now)
			if rapid.IntRange(0, 30).Draw(t, "report") > 0 {
				continue
			}
			got := r.report(7, now)
			expected := highest - begin + 1
			if want := uint32(highest - begin); got.LastSequenceNumber-uint32(uint16(begin)) != want {
				t.Fatalf("highest is %d, begun with %d, not %d later", got.LastSequenceNumber, uint16(begin), want)
			}
			if want := max(expected-count, 0); int(got.TotalLost) != want {
				t.Fatalf("%d lost of %d", got.TotalLost, want)
			}
			interval, lost := expected-expectedBefore, expected-expectedBefore-(count-countBefore)
			want := 0
			if interval > 0 && lost > 0 {
				want = min(lost*256/interval, 255)
			}
			if int(got.FractionLost) != want {
				t.Fatalf("%d/256 lost of %d", got.FractionLost, want)
			}
			expectedBefore, countBefore = expected, count
		}
	})
}

// TestRoundTripStaysBounded: no measurement makes requests a storm or a standstill.
func TestRoundTripStaysBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m missing
		for _, ms := range rapid.SliceOf(rapid.IntRange(0, 60_000)).Draw(t, "ms") {
			m.rtt.observe(time.Duration(ms) * time.Millisecond)
			if d := m.rtt.retry(); d < minRetry || d > maxRetry {
				t.Fatalf("a packet is requested again after %v", d)
			}
			if d := m.patience(); d < minPatience || d > maxPatience {
				t.Fatalf("a packet is waited for %v", d)
			}
		}
	})
}
