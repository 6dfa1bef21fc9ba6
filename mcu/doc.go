// Package mcu is the conference server: rooms, who is in them, and the two
// clocks that turn what everybody sends into what everybody receives.
//
//	           pion's goroutines          the room's clocks            no goroutine of its own
//	camera ──▶ ingest.Video ──▶ slot ──▶ pictureClock.tick: compose, ──▶ Downlinks ──▶ viewers
//	                                      fanout.Rendition: encode
//	mic ─────▶ ingest.Voice ──▶ ring ──▶ soundClock.tick: jitter buffer, ──▶ Downlinks ──▶ listeners
//	                                      decode, mix-minus, encode
//	control ─▶ Participant.Handle ─▶ Room.loop ─▶ scene ─▶ read by both clocks
//
// A room's state belongs to one goroutine, its loop, which runs closures one by
// one and after each change publishes a scene: an immutable snapshot of who is
// where. Scenes form a chain that each clock walks, so that each sees every
// scene once and lets go of what has departed.
//
// # Goroutines
//
// Server.Run waits for all of them. A room has its loop (Room.run), its picture
// clock and its sound clock. A participant has pion's, one for each track that he
// sends (Participant.runVideo, runAudio), one for each track's and downlink's RTCP,
// and, as he leaves, one that closes his connection.
//
// # Edges
//
// Every edge has one rule for when it is full, and one counter for what it
// drops:
//
//	edge                            when full                        counter
//	packets → access units          window of 2048, 250 ms; to the   uplink_video{lost}
//	                                next IDR
//	camera → picture clock          slot of one, newest wins         –, pictures less compositions
//	pictures in memory              3 a seat, the new one dropped    uplink_video{starved}
//	packets → sound clock           ring, the newest dropped         uplink_audio{dropped}
//	jitter buffer → decoder         oldest dropped down to target    uplink_audio{dropped}
//	picture clock behind            ticks left out                   missed_ticks{picture}
//	sound clock behind              5 blocks made up, rest left out  missed_ticks{sound}
//	access unit → downlink          straight into the socket         Downlink.Sent
//	key-frame requests → rendition  coalesce, one IDR a second       key_frames
//	sound clock → room loop         told again at the next tick      –
//	client → room loop              the client's own goroutine waits –
package mcu
