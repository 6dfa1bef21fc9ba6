// Package gateway connects rooms with other servers: it sends a room's mix to them, as it
// is encoded anyway, and brings their streams into rooms.
//
//	picture clock ─▶ queue.Video ┐
//	                             ├▶ push.feed ─▶ fragmented MP4 ─▶ FFmpeg ─▶ RTMP, SRT, RTSP
//	sound clock ───▶ queue.Audio ┘                                   └▶ push.watch: is it up?
//	                             └▶ send ─▶ rtc/client ─▶ WHIP
//
//	files, cameras ─▶ FFmpeg ─▶ MPEG-TS ─▶ reel.give ─▶ film.Read ─▶ Participant.PlayVideo,
//	                                       when it is due            PlayAudio
//
// A Gateway has all links. A link has one goroutine (link.run), which tries, waits and
// tries again, until the link is removed, the room has ended, or a file has ended or brought
// nothing three times. While FFmpeg runs there are one that writes to it, one that reads
// from it, and those of os/exec; an input has one for its camera, one for its microphone,
// and those of an HTTP proxy while it reads by HTTP.
package gateway
