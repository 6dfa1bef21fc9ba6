package place

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("node%d", i))
	}
	return all
}

// TestOrder: the order depends on neither the order in which nodes are known nor on other nodes, and
// rooms are spread over all nodes.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := names(rapid.IntRange(1, 12).Draw(t, "nodes"))
		room := rapid.StringMatching(`[a-z0-9]{1,20}`).Draw(t, "room")
		order := Order(room, nodes)
		mixed := rapid.Permutation(nodes).Draw(t, "mixed")
		if !slices.Equal(order, Order(room, mixed)) {
			t.Fatalf("two nodes disagree: %v, %v", order, Order(room, mixed))
		}
		gone := rapid.SampledFrom(nodes).Draw(t, "gone")
		left := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return id == gone })
		if got := Order(room, slices.DeleteFunc(mixed, func(id string) bool { return id == gone })); !slices.Equal(got, left) {
			t.Fatalf("without %s the order is %v, not %v", gone, got, left)
		}
		standbys := Standbys(room, order[0], nodes)
		if want := order[1:min(3, len(order))]; !slices.Equal(standbys, want) {
			t.Fatalf("standbys %v, not %v", standbys, want)
		}
	})
	first := map[string]int{}
	for i := range 3000 {
		first[Order(fmt.Sprint("room", i), names(3))[0]]++
	}
	for id, n := range first {
		if n < 900 || n > 1100 {
			t.Errorf("%s is the arbiter of %d of 3000 rooms", id, n)
		}
	}
}

// TestSpread puts 30 rooms on three equal nodes whose load is not measured yet.
func TestSpread(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1)).Float64
		nodes := []Candidate{{ID: "node0", Cores: 2, Load: 0.1, Limit: 0.8}, {ID: "node1", Cores: 2, Load: 0.1, Limit: 0.8}, {ID: "node2", Cores: 2, Load: 0.1, Limit: 0.8}}
		for range 30 {
			id, err := Choose(nodes, random)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(nodes, func(c Candidate) bool { return c.ID == id })
			nodes[i].Rooms++
		}
		rooms := []int{nodes[0].Rooms, nodes[1].Rooms, nodes[2].Rooms}
		if slices.Max(rooms)-slices.Min(rooms) > 4 {
			t.Fatalf("seed %d: %v", seed, rooms)
		}
	}
}

// TestChoose: what does not fit gets nothing, and the rest is chosen.
func TestChoose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := make([]Candidate, rapid.IntRange(0, 6).Draw(t, "nodes"))
		fit := map[string]bool{}
		for i := range nodes {
			nodes[i] = Candidate{
				ID: fmt.Sprint("node", i), Cores: rapid.IntRange(0, 16).Draw(t, "cores"), Load: rapid.Float64Range(0, 1).Draw(t, "load"), Limit: rapid.SampledFrom([]float64{0.5, 0.8, 1}).Draw(t, "limit"),
				Rooms: rapid.IntRange(0, 5).Draw(t, "rooms"), Most: rapid.IntRange(0, 5).Draw(t, "most"),
			}
			if c := nodes[i]; c.Cores > 0 && (c.Load < c.Limit || c.Limit == 1) && (c.Most == 0 || c.Rooms < c.Most) {
				fit[c.ID] = true
			}
		}
		id, err := Choose(nodes, func() float64 { return rapid.Float64Range(0, 0.999999).Draw(t, "random") })
		if len(fit) == 0 {
			if !errors.Is(err, ErrFull) {
				t.Fatalf("%q, %v although none fits", id, err)
			}
			return
		}
		if err != nil || !fit[id] {
			t.Fatalf("%q, %v is chosen of %+v", id, err, nodes)
		}
	})
}

// TestYields: of two instances exactly one yields, whatever node compares them, and the larger stays.
func TestYields(t *testing.T) {
	instance := func(node string) *rapid.Generator[Instance] {
		return rapid.Custom(func(t *rapid.T) Instance {
			return Instance{Node: node, People: rapid.IntRange(0, 2).Draw(t, "people"), Since: rapid.Int64Range(0, 2).Draw(t, "since")}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := instance("a").Draw(t, "a"), instance("b").Draw(t, "b")
		if Yields(a, b) == Yields(b, a) {
			t.Fatalf("%+v and %+v: %v", a, b, Yields(a, b))
		}
		if a.People > b.People && Yields(a, b) {
			t.Fatalf("the larger of %+v and %+v yields", a, b)
		}
	})
}
