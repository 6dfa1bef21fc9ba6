// Package broadcast sends the mix of rooms as low-latency HLS (RFC 8216bis), without another
// encode of the full picture.
//
//	picture clock ─▶ broadcast.picture ┐                         ┌▶ session: rung, rung ┐  ┌▶ player
//	                                   ├▶ intake.Queue ─▶ stream ┼▶ session: sound ─────┼▶ Serve ─▶ CDN ─▶ players
//	sound clock ───▶ broadcast.Audio ──┘                         └▶ aac ─▶ FFmpeg ──────┘  └▶ player
//
// A rendition of the picture is a rung of the view's ladder, which viewers share. Each has a muxer, because
// gohlslib takes one picture; the first muxer has the sound too. The index is made here. It lists each picture
// once for each codec of sound, and sound alone if that is wished. All renditions have one clock and one grid,
// and their IDRs come from one tick, so that players change between them at a segment.
//
// A Broadcaster has the broadcasts of all rooms. The goroutine of a broadcast takes units from
// its queue to the muxer. Each session has one more, which waits for the first segment. Requests
// of players run in their own goroutines, which wait in the muxer for the next part. Segments
// stay in memory, seven of about two seconds.
//
// A session is one unbroken stream. The names of its files have its ID, and a name never changes
// its content, so caches may keep the files. A session ends with its room, with the broadcast, or
// when the parameter sets of the stream change, because players then need a new header. Its
// playlists then have EXT-X-ENDLIST, and stay for half a minute. The index of the room always
// names the present session.
//
// # Why
//
// HLS parts must be of equal length, within 15 %. Pictures are therefore put on a grid of
// thirtieths of a second (intake.Grid), and a still picture is encoded ten times a second instead of once,
// because the sound of a part waits for its picture.
//
// gohlslib's playlists lack what Apple's rules ask for, and the longest length of a part moves in them,
// which stops players on iOS. So a scribe completes each: parts may be one picture longer than they are,
// which leaves room for a picture that the clock misses, and players stay three parts behind. There is no
// playlist of IDRs alone: players use it to search, and fourteen seconds are little to search in.
//
// AAC comes some 100 ms after its picture, so its segments begin that much earlier. A part must not be empty, so
// silence takes the place of AAC that is 400 ms late, and of any sound that pauses for 100 ms. The muxer takes no sound
// before the second picture. A session therefore begins once each rendition has two, a tick apart, and takes the
// sound that came with them.
//
// When parameter sets change, a new muxer begins under new names. A name therefore never
// changes its content, and caches need no care. gohlslib's muxer has no end: an IDR that is
// never played closes the last segment, and the playlists are kept with EXT-X-ENDLIST. iOS
// needs the gap segments at the beginning.
package broadcast
