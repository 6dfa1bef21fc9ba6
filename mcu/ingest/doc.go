// Package ingest takes one inbound track in: packets become pictures or sound.
//
//	camera ──▶ Video.Push: queue ──▶ payload.Joiner ──▶ access unit ──▶ decode ──▶ scale ──▶ playout ──▶ Video.Picture
//	mic ─────▶ Voice.Push ──▶ ring of packets ──▶ Voice.Pull: jitter buffer ──▶ decode ──▶ pcm.Block
//
// Each track has two halves: Push belongs to the goroutine that reads it,
// Picture and Pull to the room's clocks. They meet in a playout or a ring without a
// lock, and neither waits for the other.
//
// The sound's counterparts in NetEQ are in package jitter: Voice decodes, conceals, accelerates
// and expands what jitter.Buffer decides.
//
// # Why
//
// Pictures are pushed: decoding costs milliseconds and must not wait for the clock. The
// goroutine that reads a camera's track decodes and scales as soon as an access unit is
// complete, straight to the size of the tile. A camera whose tile has other sizes in other views is
// scaled to each of them once, from the picture that was decoded.
//
// Reassembly is our own. A sample builder, as pion has one, allocates for each access unit,
// waits for a missing packet by count and not by time, and keeps packets that came late.
//
// OpenH264 returns pictures of main and high profile one picture late, because B pictures
// might follow. Where the sequence parameter set rules out reordering, the decoder is flushed
// after each access unit.
//
// A camera may cost a fifth of a core at all times, and more while the clocks keep their time
// (package headroom). A bucket counts 0.1 ms a picture, 2.3 ms a
// megapixel and 0.06 ms a kilobyte, which OpenH264 takes alone on a core. Measured time
// would punish senders for a busy machine. An empty bucket stops decoding until it is half
// full; then an IDR is requested. Dropping single pictures instead would break all pictures
// up to the next IDR. Only pictures that no other picture refers to are dropped singly, as
// soon as the bucket is half empty. Of 720p at 120 pictures a second, three pictures of four
// are shown.
//
// A machine that was busy with other work leaves packets unread. Where a camera's packets are
// read 400 ms late although the reader did not wait for any of them, the reader skips to the
// newest and requests an IDR. Network delay looks different: the reader does wait then.
//
// A repaired packet holds up the pictures behind it, which then arrive at once. All but the
// newest would never be shown: of a camera with 5 % loss that was a quarter. While packets
// are repaired, pictures therefore wait as long as nine of ten repairs of the last ten
// seconds took, 250 ms at most, and the sound waits with them. The wait shrinks by 25 ms a
// second.
//
// Jitter moves pictures across the clock's ticks, so that one is shown twice and another never: 22 % of
// them with 15 ms of jitter. Where pictures come unevenly by 8 ms or more, they therefore wait as long as
// the latest of 97 % of them took, and for one period of the camera at most. Then each tick has its
// picture. Where neither repairs nor jitter are, nothing waits.
//
// Sound and picture of a speaker stay together. Each clock knows how late its media is
// against the moment of capture, by the sender's RTCP reports or, before both streams have
// one, against the fastest packets. The picture clock holds back a picture whose sound is
// still in the jitter buffer. It keeps scaled pictures, so holding back costs no decoding,
// and the two clocks share atomic numbers, not a lock. For late pictures the jitter buffer is
// made longer by stretching the sound: pauses first, then any sound by playing one period
// twice (WSOLA). Pictures less than 40 ms early and sound less than 20 ms early stay as they
// are, so a good path has no delay added.
//
// Sound is decoded when it is played, not when it arrives. Decoding on arrival would need a
// second buffer, 10 ms of delay on average, and could not conceal a loss at the moment when
// it is heard. Decoding costs 0.1 ms a speaker and block, and nothing for silence (DTX).
package ingest
