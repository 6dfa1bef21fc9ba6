// Package mcu is the facade of the conference server: rooms by their names, admission,
// settings and metrics. What happens in a room is in the packages below it.
//
//	camera ──▶ ingest.Video ──▶ slot ──▶ picture.Clock: compose, encode ──▶ send.Downlink ──▶ viewers
//	mic ─────▶ ingest.Voice ──▶ ring ──▶ sound.Clock: decode, mix-minus, encode ──▶ send.Downlink ──▶ listeners
//	control ─▶ session ─▶ room's loop ─▶ scene ─▶ read by both clocks
//	                          └▶ Config.Events ─▶ event: webhooks
//
// ARCHITECTURE.md draws the whole flow. Package room explains the loop and who is seen,
// package viewer what a viewer gets, package ingest lip sync and what a camera may cost.
//
// # Goroutines
//
// Server.Run waits for all of them.
//
//   - A room has its loop, its picture clock, its sound clock, and one for each rendition.
//   - A room with more than 64 receivers has one for each writer (send.Writer) of each clock.
//   - A participant has pion's, one for each track that it sends, one for the RTCP of each
//     downlink and of its retransmissions, and one that closes its connection when it leaves.
//     A participant that sends media has one that sends reports about it.
//   - A client that uses TCP has one that writes what is queued for it.
//   - Each media socket has one that writes what has gathered, and the server has one pacer.
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
//	access units → decoder          a fifth of a core, more while    uplink_video{capped}
//	                                there is headroom; to the next
//	                                IDR, spare pictures first
//	camera → picture clock          slot of one, of eight after       –, pictures less compositions
//	                                repairs and with jitter; newest
//	                                wins
//	camera → picture clock, early   16 wait for their sound, 400 ms; –
//	                                then shown
//	pictures in memory              3 a seat and 16 a tile, the new  uplink_video{starved}
//	                                one dropped
//	packets → sound clock           ring, the newest dropped         uplink_audio{dropped}
//	jitter buffer → decoder         oldest dropped down to target    uplink_audio{dropped}
//	picture clock behind            ticks left out                   missed_ticks{picture}
//	sound clock behind              5 blocks made up, rest left out  missed_ticks{sound}
//	camera → its turn to decode     the camera's own goroutine waits –
//	access unit → codec worker      the decoder's goroutine waits    codec_worker_deaths{hang}
//	                                400 ms, or 4 s for the processor,
//	                                then the worker ends
//	decoder → codec worker to come  400 ms, the access unit dropped  codec_worker_missing
//	voices → codec worker           the sound clock waits 3 to 12    sound_bridged
//	                                ms, then makes up their sound
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
//	reports, key requests → client  8, the oldest dropped             reports_dropped
//	client → TURN allocation        3 MB/s, the rest dropped         turn{dropped}
//	media's UDP socket → TURN       256, the newest dropped          turn{dropped}
//	(with one port)
//	connection → its kind           1024 wait, 256 of an address,    port_refused
//	(with one port, or TLS)         5 s each; the oldest closed
//	room → data channel             1 MiB unsent, then it is closed  data_channel_slow_closed
//	chat → data channel             64 KiB unsent, the new one left  data_channel_dropped
//	                                out
//	screens → the room's view        three at once, then one in 2 s;   –
//	                                the others wait
//	chat → room                     5 a second, 20 at once, the      –, the sender is told
//	                                rest refused
//	client → data channels          one, "control"; others closed,   data_channel_rejected
//	                                and the client after eight
//	room → WebSocket                256 messages, then it is closed  websocket_slow_closed
//	chat → WebSocket                half of that, the new one left   websocket_chat_dropped
//	                                out
//	client → first connection       64 an address, 512 in all; the   –, 429
//	                                oldest makes place after 3 s
//	key-frame requests → rendition  coalesce, one IDR a second       key_frames
//	viewer → key-frame requests     two, then one in 5, 10, 20 s     key_requests_ignored
//	                                (allowance), or what was sent
//	                                since an IDR again, or a rung
//	                                less (ladder)
//	sound clock → room loop         told again at the next tick      –
//	client → room loop              the client's own goroutine waits –
//	events → webhooks               1024, the newest dropped         webhook_events{dropped}
//	webhook's queue on disk         10,000, the oldest dropped       webhook_events{dropped}
//	events → stream of a program    256, then it is closed, to read  event_streams_slow
//	                                again what it missed
//	decisions → audit log           4096, the newest dropped         audit_dropped
//	spans → collector of traces     2048, the newest dropped         trace_spans{dropped}
//	bans → disk                     256, the newest dropped          –, an error in the log
//	access units and sound → sink   the sink's own queue             the sink's
//	mix → recording (record)        7 s, 16 MB; to the next IDR      recording_dropped
//	tracks → their files (record)   16000 units; to the next IDR      recording_dropped
//	mix → output (gateway)          3 s, 8 MB; to the next IDR       output_dropped
//	mix → broadcast (broadcast)     2 s, 4 MB; to the next IDR       broadcast_dropped
//	broadcast → player              7 segments, then they are gone   –, it gets 404
//	input (gateway) → decoder       64 units, then FFmpeg waits      –
//	room → sender (uplink)          newest wins, one in two seconds  –
//
// A source that brings nothing for 5 s although it should has a reason (package silence).
package mcu
