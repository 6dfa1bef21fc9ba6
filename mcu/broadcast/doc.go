// Package broadcast makes low-latency HLS (RFC 8216bis) of what rooms encode anyway.
//
//	picture clock ─▶ broadcast.Video ┐                              ┌▶ Serve ─▶ player
//	                                 ├▶ intake.Queue ─▶ broadcast.run ─▶ session: muxer ─▶ Serve ─▶ CDN ─▶ players
//	sound clock ───▶ broadcast.Audio ┘                              └▶ Serve ─▶ player
//
// A Broadcaster has the broadcasts of all rooms. One that runs has a goroutine, which
// takes what its queue holds to the muxer, and each of its sessions one more that waits
// for the first segment. Players are served by the goroutines of their requests, which
// the muxer lets wait for what is to come. Segments are in memory, seven of some two
// seconds.
//
// A session is one unbroken stream: names of its files have its ID in them and never mean
// anything else, so that caches may keep them. It ends with its room, with the broadcast, or
// where the stream's parameter sets change, as then players need a new header. Its
// playlists then say so (EXT-X-ENDLIST), and stay for half a minute. The room's index
// always names the session of now.
//
// # Why
//
// HLS parts must be of equal length, within 15 %. Pictures are therefore put on a grid of
// thirtieths of a second, and a still picture is encoded ten times a second instead of once,
// because the sound of a part waits for its picture.
//
// When parameter sets change, a new muxer begins under new names. A name therefore never
// changes its content, and caches need no care. gohlslib's muxer has no end: an IDR that is
// never played closes the last segment, and the playlists are kept with EXT-X-ENDLIST. iOS
// needs the gap segments at the beginning.
package broadcast
