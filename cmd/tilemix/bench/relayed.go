package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Relays is what was seen of a room that one node mixes and others relay.
type Relays struct {
	Nodes     []Node  `json:"nodes"`     // that which mixes is first
	Encodes   float64 `json:"encodes"`   // pictures a second, of all nodes
	PerViewer float64 `json:"perViewer"` // ms of CPU a second, of all nodes, that viewers and relays add
	Death     Death   `json:"death"`
}

// Node is one of them, while all viewers were there.
type Node struct {
	Viewers   int     `json:"viewers"`
	CPU       float64 `json:"cpu"`              // ms a second
	PerViewer float64 `json:"perViewer"`        // of that, without what the node needs without viewers
	Pulled    float64 `json:"pulled,omitempty"` // from the home, Mbit/s of payload
	RSS       int64   `json:"rss"`              // bytes
	Picture   Spread  `json:"picture"`          // from the camera to a viewer
}

// later is how much later than at the home pictures come at a relay, in ms: the median, at the slowest.
func (r *Relays) later() float64 {
	var most float64
	for i, n := range r.Nodes[1:] {
		if off := n.Picture.P50 - r.Nodes[0].Picture.P50; i == 0 || off > most {
			most = off
		}
	}
	return most
}

func (r *Relays) bars() []Bar {
	most := func(of func(Node) float64) (v float64) {
		for _, n := range r.Nodes[1:] {
			v = max(v, of(n))
		}
		return v
	}
	return []Bar{
		atMost("encodes a second, all nodes", "", r.Encodes, frameRate*1.02),
		atMost("CPU a viewer, all nodes", "ms/s", r.PerViewer, 1.6),
		atMost("CPU a viewer, at the dearest relay", "ms/s", most(func(n Node) float64 { return n.PerViewer }), 1.6),
		atMost("a relay pulls", "Mbit/s", most(func(n Node) float64 { return n.Pulled }), 2.3),
		atMost("picture p50 at a relay, later than at the home", "ms", r.later(), 15),
		atMost("nothing seen after a relay's death p95", "ms", r.Death.Dark.P95, 2000),
	}
}

func (r *Relays) write(out io.Writer) {
	if r == nil {
		return
	}
	for i, n := range r.Nodes {
		what, pulled := "home", ""
		if i > 0 {
			what, pulled = fmt.Sprintf("relay %d", i), fmt.Sprintf(", pulls %.2f Mbit/s", n.Pulled)
		}
		fmt.Fprintf(out, "  %s: %d viewers, CPU %.0f ms/s, a viewer %.2f ms/s, picture p50/p95 %.1f/%.1f ms of %d, %d MiB%s\n",
			what, n.Viewers, n.CPU, n.PerViewer, n.Picture.P50, n.Picture.P95, n.Picture.Count, n.RSS>>20, pulled)
	}
	d := r.Death
	fmt.Fprintf(out, "  a relay is killed: its %d viewers see nothing for p50/p95/max %.0f/%.0f/%.0f ms, of which %v pass until they ask again\n",
		d.Dark.Count, d.Dark.P50, d.Dark.P95, d.Most, unseen)
}

// relayed is a measurement of a room that relays send to its viewers.
type relayed struct{ *measurement }

// phase is a time in which the call was measured.
type phase struct{ before, after stand }

// used is what all nodes used.
func (p phase) used() spent { return p.after.since(p.before.usage) }

// of is what one node used.
func (p phase) of(n int) spent { return p.after.usages[n].since(p.before.usages[n]) }

// observe measures all nodes for as long as the settings say.
func (m relayed) observe(ctx context.Context) (p phase, err error) {
	m.say("  the call settles for %v, and is measured for %v", m.settling(), m.settings.Duration)
	if err := sleep(ctx, m.settling()); err != nil {
		return p, err
	}
	if p.before, err = m.stand(ctx); err != nil {
		return p, err
	}
	if err := sleep(ctx, m.settings.Duration); err != nil {
		return p, err
	}
	p.after, err = m.stand(ctx)
	return p, err
}

// stand is what each node has used and counted at a time.
type stand struct {
	snapshot
	usages  []usage
	metrics []metrics
}

// measure has the viewers come to all nodes in turn, and a relay die.
func (m relayed) measure(ctx context.Context) error {
	participants, viewers := m.entries()
	if err := m.gather(ctx, participants); err != nil {
		return err
	}
	if err := m.findHome(ctx); err != nil {
		return err
	}
	alone, err := m.observe(ctx)
	if err != nil {
		return err
	}
	m.result.Before = alone.used().server
	m.busy("the call was measured without", alone.used())
	m.place(viewers)
	wide := max(1, min(joinWide, m.s.above()/4)) // few join in order, so that each node has one that keeps what it sees
	if err := m.call.join(ctx, viewers, wide); err != nil {
		return err
	}
	if err := m.call.begun(ctx, true, m.s.sound); err != nil {
		return err
	}
	m.say("  %d viewers have joined", len(viewers))
	full, err := m.observe(ctx)
	if err != nil {
		return err
	}
	m.compare(alone, full)
	if err := (dying{m}).measure(ctx); err != nil {
		return err
	}
	m.call.leave(ctx)
	return errors.Join(m.seen(), m.lags())
}

// findHome has the node that mixes be the first.
func (m relayed) findHome(ctx context.Context) error {
	rooms, err := m.call.nodes(ctx, m.nodes[0].url)
	if err != nil {
		return err
	}
	home := slices.IndexFunc(m.nodes, func(n *child) bool { return slices.Contains(rooms[n.id], atRoom) })
	if home < 0 {
		return fmt.Errorf("no node says that it has the room: %v", rooms)
	}
	m.nodes[0], m.nodes[home] = m.nodes[home], m.nodes[0]
	m.server, m.call.server = m.nodes[0], m.nodes[0].url
	return nil
}

// place has viewers come to all nodes in turn. One in the middle of those that a node is to have keeps what it sees.
func (m relayed) place(viewers []entry) {
	for i := range viewers {
		viewers[i].server, viewers[i].Feedback = m.nodes[i%len(m.nodes)].url, true
	}
	for n := range m.nodes {
		middle := n*m.s.above() + m.s.above()/2 - m.s.participants // some join at the same time
		viewers[max(0, min(len(viewers)-1, middle))].Record = true
	}
}

// at returns the members at a node.
func (m relayed) at(n *child) (there []*member) {
	for _, b := range m.call.members {
		if b.Server().Port() == n.media && b.Viewer {
			there = append(there, b)
		}
	}
	return there
}

func (m relayed) stand(ctx context.Context) (s stand, err error) {
	s.bots, s.crowd = m.call.stats(), m.call.crowd.Punctuality()
	for _, b := range m.call.members {
		b.ResetLongest()
	}
	if s.late, err = m.film.surprises(); err != nil {
		return s, err
	}
	for _, n := range m.nodes {
		counted, err := readMetrics(ctx, n.url)
		if err != nil {
			return s, err
		}
		used, err := look(n.pid)
		if err != nil {
			return s, err
		}
		s.metrics, s.usages = append(s.metrics, counted), append(s.usages, used)
	}
	s.snapshot.metrics = s.metrics[0]
	s.usage, err = look(pids(m.nodes)...)
	return s, err
}

// compare says what the nodes did with all viewers, and what that is more than without any.
func (m relayed) compare(alone, full phase) {
	before, after := full.before, full.after
	m.span = window{before.at, after.at}
	m.usage(before.snapshot, after.snapshot)
	m.received(before.snapshot, after.snapshot)
	m.counted(before.snapshot.metrics, after.snapshot.metrics)
	m.trust(before.snapshot, after.snapshot)
	r := &Relays{PerViewer: (m.result.CPU - m.result.Before) / float64(m.s.viewers)}
	for i, n := range m.nodes {
		seconds := after.usages[i].at.Sub(before.usages[i].at).Seconds()
		rate := func(name string) float64 {
			return (after.metrics[i].count(name, "") - before.metrics[i].count(name, "")) / seconds
		}
		node := Node{Viewers: len(m.at(n)), CPU: full.of(i).server, RSS: after.usages[i].rss, Pulled: rate("tilemix_relay_bytes_total") * 8 / 1e6}
		node.PerViewer = (node.CPU - alone.of(i).server) / float64(max(1, node.Viewers))
		if node.Viewers == 0 {
			m.trouble("node %s has no viewer", n.id)
		}
		r.Nodes, r.Encodes = append(r.Nodes, node), r.Encodes+rate("tilemix_picture_encodes_total")
	}
	m.result.Relays, m.result.PerViewer = r, r.PerViewer
}

// lags finds how late the picture was at each node. The bots must have left.
func (m relayed) lags() error {
	pictures, _ := m.call.members[0].Sent()
	cameras := map[string]sendings{m.call.members[0].name: sent(pictures)}
	for i, n := range m.nodes {
		var all []float64
		for _, b := range m.at(n) {
			mix, _ := b.Recorded()
			if len(mix) == 0 {
				continue
			}
			ms, _, err := lag(mix, m.span, m.where, cameras)
			if err != nil {
				return err
			}
			all = append(all, ms[m.call.members[0].name]...)
		}
		m.result.Relays.Nodes[i].Picture = spread(all)
		if len(all) == 0 {
			m.trouble("no picture's delay is known at node %s", n.id)
		}
	}
	return nil
}

// unseen is how long nothing comes until a viewer comes to another node. Pages wait for about as long.
const unseen = 500 * time.Millisecond
