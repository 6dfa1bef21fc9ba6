// Package gateway connects rooms with other servers: it sends a room's mix to them, as it
// is encoded anyway.
//
//	picture clock ─▶ queue.Video ┐
//	                             ├▶ push.feed ─▶ fragmented MP4 ─▶ FFmpeg ─▶ RTMP, SRT, RTSP
//	sound clock ───▶ queue.Audio ┘                                   └▶ push.watch: is it up?
//	                             └▶ send ─▶ rtc/client ─▶ WHIP
//
// A Gateway has all links. A link has one goroutine (link.run), which tries, waits and
// tries again, until the link is removed or the room has ended. While FFmpeg runs there
// are one that writes to it, one that reads from it, and those of os/exec.
package gateway
