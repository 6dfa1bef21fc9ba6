// Package room is one call: its members, what each of them publishes and receives, and the
// loop that all changes go through.
//
//	Participant, Handle ──▶ Room.post ──▶ loop ──▶ scene.Chain ──▶ picture.Clock, sound.Clock
//	session.Events ───────────▲           │  ▲                           │
//	                                      │  └──────── reporter ◀────────┘
//	                                      └──▶ notifier, uplinks ──▶ session.Control
//
// A room's state belongs to one goroutine, its loop, which runs closures one by one and
// after each change publishes a scene. Commands of clients enter by one door, loop.do,
// which knows the actor's grant and the action and asks package policy.
//
// # Which participants are seen
//
// A participant takes a seat when its media connection stands for the first time. From then
// on it is in the list, has a tile, and is in events, recordings and the log. A participant
// that is not connected within 20 s has left. Where many wait, it leaves after 3 s in favour of
// another (package admission). One that
// was connected and may come back keeps its tile for 30 s without media, and for 5 s after
// its page said goodbye. A participant that lost only its control connection keeps its
// tile for as long as media comes (package presence).
//
// A room has as many tiles as Env.MaxTiles says. layout.Places gives them to those who
// spoke last. Each sender is asked for what its tile needs (package uplink): by the message
// "uplink", or by a limit of its bitrate (REMB) where it has no control messages. A sender
// without a tile, or in a room that nobody watches, is asked to send nothing, and what it
// sends is not decoded. When it gets a tile the server asks it for an IDR and to send
// again.
//
// A sender may ignore all that. The cost of decoding its pictures, by their size and
// bytes, is held to a fifth of a core (package ingest).
//
// # Moving
//
// A participant moves to another room with its connection (Participant.Move). The old room's loop
// lets it go, both of its clocks let go of its streams, and then the new room's loop takes it in.
// All rooms of a server stamp by one epoch and a downlink numbers its packets itself, so its client
// sees one stream, in which a key frame begins the new room. Its cameras and microphones end in the
// old room and begin in the new one with their next packets. What is done in the participant's
// name on the way waits (whereabouts).
//
// # Lobby
//
// A lobby (NewLobby) is a room for those who wait to be let into another one. Because it is another
// room, with other clocks, nothing of the room's picture and sound can reach them. Its scenes have no
// members, sources and listeners. Its picture is the same for all, so there is one encode of it, and it
// changes with the queue and once a minute. To be let in is to move, and so is to be sent back.
//
// # Goroutines
//
// Room.Run is the loop. It runs the picture clock and the sound clock and waits for them,
// and for one goroutine for each participant that is leaving, which closes its connection.
//
// # Why
//
// An MCU is not a chain but a sampled system: inputs push into slots at their own pace, two
// clocks pull, and outputs are functions that the clocks call. Scenes form a chain, and each
// clock walks it. A clock therefore sees every scene once, in order, and frees its half of
// what departed. There is no lock between loop and clocks, and no reference count on
// participants.
//
// A closing page finds out a broken connection itself (web/static/heartbeat.js): it sends "alive"
// when nothing came for 2.5 s and gives up after 5 s more. When media stops (web/static/mediaMonitor.js)
// it sends "alive" after 0.4 s without a packet and gives up 0.8 s later, because the mix's
// sound comes 50 times a second. If the answer comes and media does not, the page restarts ICE.
package room
