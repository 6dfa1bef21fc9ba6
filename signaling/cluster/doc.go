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
// Where many watch a room, the home names another node to the entry for a further viewer (Relays). That node, a relay,
// pulls the room from its home by Relays.Exchange, and serves the viewer by package relay.
//
// Nothing moves because the bus is silent. A room begins elsewhere when a client comes back and its home
// refuses connections, or neither beats nor connects. A room moves when its home drains, or when another node has
// one of the same name with more people, because the cluster was split:
//
//	mover: record ─▶ the other node, which adopts it ─▶ requests go there ─▶ clients are told, and go by themselves
//
// Rules, invites, bans and PINs are at each node. A beat has a digest of them, and a node whose digest differs is
// asked by HTTPS for what is missing here.
//
// # Goroutines
//
// Run waits for all: one for beats, one for each room that another node is asked to take, one for each node that is
// asked what it has, those of the server for requests of other nodes, and those of package bus.
// Without settings of a cluster, nothing of this package runs.
package cluster
