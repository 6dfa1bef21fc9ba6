// Package mcu is the conference server: rooms, who is in them, and the two
// clocks that turn what everybody sends into what everybody receives.
//
//	           pion's goroutines          the room's clocks            no goroutine of its own
//	camera ──▶ ingest.Video ──▶ slot ──▶ pictureClock.tick: compose, ──▶ Downlinks ──▶ viewers
//	                                      view: encode each rendition
//	mic ─────▶ ingest.Voice ──▶ ring ──▶ soundClock.tick: jitter buffer, ──▶ Downlinks ──▶ listeners
//	                                      decode, mix-minus, encode
//	control ─▶ Participant.Handle ─▶ Room.loop ─▶ scene ─▶ read by both clocks
//	                                      └▶ Config.Events ─▶ who is told outside (event)
//
// A room's state belongs to one goroutine, its loop, which runs closures one by
// one and after each change publishes a scene: an immutable snapshot of who is
// where. Scenes form a chain that each clock walks, so that each sees every
// scene once and lets go of what has departed.
//
// # Goroutines
//
// Server.Run waits for all of them. A room has its loop (Room.run), its picture
// clock and its sound clock, and one for each rendition of its picture
// (rendition.run). A room with more than 64 receivers has one for each writer
// (send.Writer) of each clock. A participant has pion's, one for each track that he
// sends (Participant.runVideo, runAudio), one for each track's and downlink's RTCP,
// and, as he leaves, one that closes his connection. Who comes by TCP has one that
// writes what is queued for him, and pion's that reads; the TURN server has pion's.
//
// # Edges
//
// Every edge has one rule for when it is full, and one counter for what it
// drops:
//
//	edge                            when full                        counter
//	packets → access units          window of 2048, four round       uplink_video{lost}
//	                                trips; to the next IDR
//	access units, read 400 ms late  to the next IDR                  uplink_video{lagged}
//	access units → decoder          a fifth of a core; to the next   uplink_video{capped}
//	                                IDR, spare pictures first
//	camera → picture clock          slot of one, of eight after       –, pictures less compositions
//	                                repairs; newest wins
//	camera → picture clock, early   16 wait for their sound, 400 ms; –
//	                                then shown
//	pictures in memory              3 a seat and 16 a tile, the new  uplink_video{starved}
//	                                one dropped
//	packets → sound clock           ring, the newest dropped         uplink_audio{dropped}
//	jitter buffer → decoder         oldest dropped down to target    uplink_audio{dropped}
//	picture clock behind            ticks left out                   missed_ticks{picture}
//	sound clock behind              5 blocks made up, rest left out  missed_ticks{sound}
//	camera → its turn to decode     the camera's own goroutine waits –
//	picture → other renditions      one is encoded, the next left    pictures_skipped
//	                                out
//	access unit, sound → writer     ring of 2048 units, the newest   writer_dropped
//	(rooms of more than 64)         dropped; to the next IDR
//	access unit → downlink          what a connection refuses is     downlink_errors
//	                                lost
//	downlink → narrow path          1 s or 64 access units; to the   downlink_dropped
//	                                next IDR
//	NACK → repeats                  a fifth of the estimate and what repeats{refused}
//	                                is lost without a queue, 6 tries
//	downlink → socket               ring of 4096 packets, the        socket_packets{dropped}
//	                                newest dropped
//	downlink → TCP client           256 KiB unsent, the newest       tcp{dropped},
//	                                dropped                          turn{dropped}
//	client → TURN relay             3 MB/s, the rest dropped         turn{dropped}
//	room → data channel             1 MiB unsent, then it is closed  data_channel_slow_closed
//	client → data channels          one, "control"; others closed,   data_channel_rejected
//	                                and the client after eight
//	room → WebSocket                256 messages, then it is closed  websocket_slow_closed
//	key-frame requests → rendition  coalesce, one IDR a second       key_frames
//	viewer → key-frame requests     two, then one in 5, 10, 20 s     key_requests_ignored
//	                                (allowance), or what was sent
//	                                since an IDR again, or a rung
//	                                less (ladder)
//	sound clock → room loop         told again at the next tick      –
//	client → room loop              the client's own goroutine waits –
//	events → webhooks               1024, the newest dropped         webhook_events{dropped}
//	webhook's queue on disk         10,000, the oldest dropped       webhook_events{dropped}
//	access units and sound → sink   the sink's own queue             the sink's
//	mix → recording (record)        7 s, 16 MB; to the next IDR      recording_dropped
//	tracks → their files (record)   4000 units; to the next IDR      recording_dropped
//	mix → output (gateway)          3 s, 8 MB; to the next IDR       output_dropped
//	mix → broadcast (broadcast)     2 s, 4 MB; to the next IDR       broadcast_dropped
//	broadcast → player              7 segments, then they are gone   –, it gets 404
//	input (gateway) → decoder       64 units, then FFmpeg waits      –
//	room → sender (uplink)          newest wins, one in two seconds  –
//
// # Sound and picture together
//
// The sound clock says of each microphone how late the block is that it plays, by the
// sender's clock where his reports tell of it, else since it would have arrived without
// jitter. By that the picture clock holds pictures back that would be more than
// 30 ms before their sound, as they are when a jitter buffer is long, for 400 ms at
// most. Where pictures are later than their sound, the jitter buffer is made up to
// 250 ms longer. On a line without jitter neither waits. What remains is
// tilemix_lipsync_seconds.
//
// # What a viewer has
//
// A room's picture has renditions by codec and rung of a ladder: full, half and quarter
// size, or nothing but sound (package ladder). There are those that somebody takes, and
// for 5 s those that somebody took. The picture clock decides for each viewer, by the
// estimate of his line (but see strain), and moves him at an IDR: up while he goes on with what he had,
// down by leaving that at once. Requests for IDRs are for the rendition of who asks, and count against
// his allowance, as do those for a line that dropped pictures (repairs). He
// is told with the message "rendition".
//
// # Who is seen
//
// Who joins is in the list at once and has a tile as soon as his connection stands;
// who is not connected in 20 s has lost his seat. Who was and may come back (Resume)
// keeps it for 30 s, and 5 s when his page went away; who has lost no more than his
// control connection keeps it for as long as media comes. Who has no secret to come back with, as
// by WHIP, is gone when his connection is closed, and keeps his seat for 30 s when it fails (ICE may be restarted). A room has as many tiles as
// Config.MaxTiles says; layout.Places gives them to who spoke last. Each sender is asked for what his tile needs (package uplink): with
// the message "uplink" over his control channel, or by a limit of his bitrate (REMB)
// where he has none. Who has no tile, or whom nobody watches, is asked to send
// nothing, and what he sends is not decoded. As he gets a tile he is asked for an IDR
// at once, and to send again.
//
// Whose camera is meant to send and brings no picture has the last one dimmed, and a
// sign, after little more than a second (health). All are told with "participants".
//
// A sender may ignore all that. What his pictures cost to decode, by their size and
// bytes, is held to a fifth of a core (ingest): 1080p at 30 pictures a second and 6
// Mbit/s, or 720p at 60. Beyond that his picture stands still from time to time, and
// goes on with the next IDR. An H.264 stream cannot be thinned without its sender,
// except for pictures that no other refers to; those are left out first.
package mcu
