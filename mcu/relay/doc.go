// Package relay brings the media of a room from its home to another node, which sends it to viewers.
//
//	home ──▶ WHEP: one connection a rendition, and one for sound ──▶ assembly: order, access units
//	  ▲                                                                  │
//	  └── one request for a key frame ◀── picture.Clock ◀── Output ◀── pull ──▶ Packets ──▶ sound.Clock
//
// A relay is a room whose clocks draw, mix and encode nothing. Its renditions are pulled (Remote.Rendition):
// their payloads lie in the memory that downlinks share, as those of an encoder do. So viewers have the usual
// ladder, retransmissions and replays, and a home sends each rendition once to each relay.
//
// A pull lasts as long as some viewer of the relay has its rendition. When its connection breaks, or the
// home says that the room is elsewhere, it connects anew to what is the home then. Viewers keep their connections meanwhile.
// A connection to a home that the room leaves goes on until the next one brings a key frame or sound: clients that
// cannot move are still at the home before, and the room may have nobody elsewhere yet.
//
// # Time
//
// Instants of the home count by the clock of another machine. They are moved by one distance for all pulls of
// a relay, so that a picture is of about the instant at which it came, and sound and picture keep together. The
// distance follows the arrivals by 20 µs a unit, because clocks drift.
//
// # Goroutines
//
// A pull has one, which its caller starts, one for each of its connections, and those of its clients (package
// client).
package relay
