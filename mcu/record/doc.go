// Package record writes what rooms encode anyway into files.
//
//	picture clock ─▶ mixSink.Video ┐                             ┌▶ ID.mp4, fragments of a second
//	                               ├▶ queue ─▶ recording.run ────┤
//	sound clock ───▶ mixSink.Audio ┘   mp4.Writer                └▶ ID.json, at each change of state
//	                                                                ▲
//	participants and tracks ─▶ sidecar.Roster ─▶ sidecar.Ledger ────┘ once a second at most
//
//	each camera and microphone ─▶ tracks ─▶ queue ─▶ tracks.run ─▶ ID-000-PERSON-video.mp4, …-audio.mp4
//
// A Recorder has all recordings, by their IDs, which name their files. A recording that
// runs has one goroutine, which takes what the queue holds and writes it. Its tracks have one, and so has
// the file beside it. A fragment
// is one write of whole access units. So a process that is killed leaves a file that
// plays up to its last fragment, a second and a half ago at most: what was written is the
// kernel's, and fsync would not make it safer from that. Against the loss of power there
// is an fsync at the end, before and after the file's beginning says how long it is.
//
// The folder belongs to one process (package folder): what another writes is not cut off,
// and is not to be repaired. A folder that is taken away is noticed within a second, and the recording
// has failed, because nobody would find its file.
//
// Each second Recorder.Run compares what runs with the bounds of Config: free space, length. A
// recording that comes to one ends as if the room had ended, so its file is whole.
//
// A pause shuts the sink; what comes after it follows what came before it without a gap,
// as the times of the room are moved. Tracks keep their times, and have a gap instead; a
// camera is asked for an IDR then, as where a slow disk took a picture, with each picture
// that is left out until it comes (keyframeGate). Where a file can be written no more, it is cut
// behind its last whole fragment, and the recording has failed, or the track has ended and says
// why; the room does not notice. A full disk still takes that state, for which the file beside
// has blanks (save); where it does not, it is written later, so that no end is told of twice.
//
// # Why
//
// A fragment is written in one call each second. If the process is killed, the file plays up
// to its last fragment, because the kernel has what was written. fsync would add nothing to
// that, so it waits for the end. The next server cuts what is torn, and adds index and length. The
// folder is locked, because a file that another server writes looks torn.
//
// Times are the room's clock, turned into ticks one by one, so no error adds up. Pictures of the mix are
// on a grid of thirtieths of a second (intake.Grid), so the file has a frame rate. After a
// pause the times are moved, by whole steps of the grid, so that the file has no hole. AAC comes from an FFmpeg child
// that takes the decoded sound and counts time in samples. This package writes the AAC frames,
// so the file grows as with Opus. A child that ends is followed by another, three times.
//
// Tracks are tapped where access units are put together and packets arrive. Sound is placed by its
// timestamps, as its fastest packets of ten seconds arrived. If all packets of 300 ms come 80 ms
// late, the sender has paused its timestamps or the path has become longer, and sound moves there.
// The sender's reports say how far pictures are from sound. A report that puts them a second or more
// apart is not believed, as in package ingest. One that moves pictures by more than 80 ms must stay
// true for 6 s. Tracks therefore stay with the mix whatever a sender says of its clock. Where a
// sender's clock is fast, a packet of sound is left out each time the sound is 50 ms late.
//
// The Opus encoder's look-ahead is 6.5 ms. The header of a file says so, and players skip as much.
package record
