// Package sound is a room's sound clock: every 20 ms it pulls a block from each
// microphone, mixes them, and sends each listener what the others say (mix-minus).
//
//	Microphone.Pull ──▶ strip ─▶ audio.Mixer ──▶ shared encoder ──▶ all who are silent, sinks
//	        │                        └──▶ minus one's own ──▶ own encoder ──▶ each who speaks
//	        └──▶ audio.Floor ──▶ scene.Reporter: who is heard
//
// All silent listeners hear the same, so they share one Opus encode. A listener that
// starts to speak gets an encoder of its own, which goes on from a copy of the shared
// encoder's state, so that the decoder hears no seam. A second after the listener fell
// silent it goes back to the shared encoder (handBack).
//
// FEC takes bits from the sound. So the shared stream is made for the loss that half of
// its listeners have, and up to maxLossy listeners that lose more get encoders of their
// own (fec.go).
//
// A stream with one voice in it is made for a voice, and one with several, or with music, for
// music (signal.go). Two tones came out with 30 per cent of what is neither as a voice, and with
// 3 as music, which takes a quarter of the CPU time.
//
// In a room with two channels the listeners that ask for both, and sinks, have outputs of their
// own, with a shared encoder of their own. Voices are summed in mono for all. What that leaves out
// of stereo is summed beside it (sums), so a room in mono pays nothing. An encoder of two channels
// codes one of them until a source makes them differ.
//
// The clock owns everything in this package. Its goroutine is the one that calls
// Clock.Run; there is one for each room.
//
// # Why
//
// A gate, which follows each microphone's noise and stays open for 400 ms, decides block by
// block who is in the mix. See package audio.
// An Opus encoder is one block of memory, so a takeover by copy is exact to the bit. After
// its gate closed, a listener keeps the encoder for a second in which both encoders encode
// the same sound. Handed back at once the seam is 12 dB below the sound; after that second it
// is 20 to 36 dB below, for one block of 20 ms.
//
// In a room whose voices are decoded in a worker, all packets of a tick go there at once (worker.Batch). A
// microphone's Pull then runs in a coroutine of the batch, which waits for them. A round for each voice would
// wake both processes as often as there are voices.
//
// All decoding and mixing is in one goroutine. A tick of 20 ms holds more speakers than a
// listener can understand.
package sound
