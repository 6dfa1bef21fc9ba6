// Package gateway connects rooms with other servers. Outputs send the mix of a room to them,
// without another encode. Inputs bring their streams into rooms.
//
//	picture clock ─▶ queue.Video ┐
//	                             ├▶ push.feed ─▶ fragmented MP4 ─▶ FFmpeg ─▶ RTMP, SRT, RTSP
//	sound clock ───▶ queue.Audio ┘                                   └▶ push.watch: is it up?
//	                             └▶ send ─▶ rtc/client ─▶ WHIP
//
//	files, cameras ─▶ FFmpeg ─▶ MPEG-TS ─▶ tsDemuxer ─▶ rtpSource ─▶ Participant.PlayVideo,
//	                                       (paced)                   PlayAudio
//
// A Gateway has all links. The goroutine of a link (link.run) makes attempts until the link is
// removed, the room has ended, a file has ended, or a file brought no media three times. These
// goroutines exist during an attempt:
//
//   - One writes to FFmpeg and one reads from it, beside those of os/exec.
//   - An input has one for its camera and one for its microphone.
//   - An input by HTTP or RTSP has those of its proxy.
//
// # Why
//
// FFmpeg implements RTMP, SRT, RTSP and AAC. It is a separate process, so its faults
// do not end the server. It gets the mix on standard input as fragmented MP4 with one fragment
// a picture: this keeps all times, announces the streams without probing, and delays
// nothing. Its progress shows that media flows, and its last lines give the reason when it
// fails. The gateway kills FFmpeg after 15 s without progress. Arguments are visible to every user
// of a machine, so keys go through a pipe as an options file.
//
// Platforms want ten pictures a second and a key frame every two seconds, also of a room in which
// nothing moves. While a push by RTMP, SRT or RTSP is attached, the room therefore encodes a still
// picture fifteen times a second. WHIP has no such rule, and a room without a push pays nothing.
//
// Each try attaches to the room anew, so it begins with an IDR, and an output that is down
// costs the room nothing. An output ends with its room. A later room of the same name is not
// sent to its far end.
//
// Error texts come from FFmpeg or the remote server and may repeat the URL. Before a text is
// shown, package address removes the secret parts and the token from it, in plain, escaped and
// base64 form. The HTTP client of WHIP checks each address as it connects, so names and
// redirections cannot lead to a refused address.
//
// An input is an MPEG transport stream from FFmpeg, H.264 copied and Opus in packets of 20 ms.
// It is cut into packets as if a camera had sent them, so decoding, lip sync and jitter buffer
// are those of any uplink. Pictures have their decoding times, which rise also with B
// pictures. Files and HTTP arrive faster than they are shown and are held to their pace.
//
// Addresses stand in a playlist that FFmpeg reads from a pipe. The server opens files itself
// (os.Root) and hands them over open. Formats and protocols are listed for each scheme, so a
// playlist from the network cannot name a file or an SDP. HTTP goes through a proxy on the
// loopback address that checks every connection, and RTSP through package rtsp. RTMP has no such
// proxy: a name that changes between check and connection is not noticed.
//
// OpenH264 does not read all H.264, so a trial decodes the first pictures of an input and judges its
// parameter sets. If the trial fails, FFmpeg encodes the video anew. An input is up when it is seen.
package gateway
