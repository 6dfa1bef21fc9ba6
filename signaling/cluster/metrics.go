package cluster

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/signaling/cluster/directory"
)

// metrics reads the numbers of a node.
type metrics struct{ c *Cluster }

var (
	nodesDesc     = prometheus.NewDesc("tilemix_cluster_nodes", "Nodes of the cluster that this one knows, itself included.", []string{"state"}, nil)
	roomsDesc     = prometheus.NewDesc("tilemix_cluster_node_rooms", "Rooms of a node.", []string{"node"}, nil)
	loadDesc      = prometheus.NewDesc("tilemix_cluster_node_load", "Busy part of the cores of a node, 0 to 1.", []string{"node"}, nil)
	connectedDesc = prometheus.NewDesc("tilemix_cluster_connected", "Whether messages to other nodes can leave.", nil, nil)
	refusedDesc   = prometheus.NewDesc("tilemix_cluster_messages_refused_total", "Messages that were too long, or not sealed with the cluster's key.", nil, nil)
	handedDesc    = prometheus.NewDesc("tilemix_cluster_requests_handed_total", "Requests of clients that went on to another node.", nil, nil)
	probesDesc    = prometheus.NewDesc("tilemix_cluster_probes_total", "Tries to connect to a node that did not answer, by whether it was dead.", []string{"dead"}, nil)
	failedDesc    = prometheus.NewDesc("tilemix_cluster_failovers_total", "Requests that found the home of their room dead.", nil, nil)
	movedDesc     = prometheus.NewDesc("tilemix_cluster_rooms_moved_total", "Rooms that other nodes took, because this one drained or a room of the same name was larger.", []string{"reason"}, nil)
	adoptedDesc   = prometheus.NewDesc("tilemix_cluster_rooms_adopted_total", "Rooms that went on here, after another node had them.", nil, nil)
	booksDesc     = prometheus.NewDesc("tilemix_cluster_books_taken_total", "Changes of rules, invites, bans and PINs of a room that came from other nodes.", nil, nil)
)

// Describe lists what Collect gives.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		nodesDesc, roomsDesc, loadDesc, connectedDesc, refusedDesc, handedDesc, probesDesc, failedDesc, movedDesc, adoptedDesc, booksDesc,
	} {
		to <- d
	}
}

// Collect counts since the server began.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	states := map[directory.State]float64{directory.Serving: 0, directory.Draining: 0, directory.Silent: 0, directory.Dead: 0}
	for _, n := range m.c.roster.all(time.Now()) {
		states[n.State]++
		gauge(roomsDesc, float64(len(n.Rooms)), n.ID)
		gauge(loadDesc, n.Load, n.ID)
	}
	for state, n := range states {
		gauge(nodesDesc, n, string(state))
	}
	connected := 0.0
	if m.c.bus.Connected() {
		connected = 1
	}
	gauge(connectedDesc, connected)
	count(refusedDesc, m.c.bus.Refused())
	count(handedDesc, m.c.spread.handed.Load())
	count(probesDesc, m.c.spread.dead.Load(), "true")
	count(probesDesc, m.c.spread.alive.Load(), "false")
	count(failedDesc, m.c.spread.moved.Load())
	yielded := m.c.mover.yielded.Load()
	count(movedDesc, m.c.mover.moved.Load()-yielded, "drain")
	count(movedDesc, yielded, "duplicate")
	count(adoptedDesc, m.c.adopted.Load())
	count(booksDesc, m.c.books.adopted.Load())
}
