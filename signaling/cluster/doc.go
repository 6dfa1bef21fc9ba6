// Package cluster makes several servers one: any of them answers for every room.
//
//	beats, lists of rooms, questions ◀─▶ bus ◀─▶ the same of other nodes
//	                 │
//	                 ▼
//	client ─▶ Spread: which node is the room's home? ─┬─ this one ─▶ site
//	(entry)          │                                └─ another ──▶ HTTPS ─▶ Inside ─▶ its site
//	                 └─ none: ask the arbiter of the name
//
// The entry is the node that a client's HTTP reaches, the home the one that mixes the room. Media goes
// straight to the home, whose addresses its answer has. The arbiter of a name is the first serving node in
// the order of package place. It alone decides where a new room begins, so that clients that come to all nodes
// at the same time meet in one room.
//
// Nothing moves because the bus is silent. A room begins elsewhere when a client comes back and its home
// refuses connections, or neither beats nor connects. When two nodes have a room of one name, because the cluster
// was split, requests go to the one with more people.
//
// # Goroutines
//
// Run waits for all: one for beats, those of the server for requests of other nodes, and those of package bus.
// Without settings of a cluster, nothing of this package runs.
package cluster
