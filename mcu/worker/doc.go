// Package worker decodes pictures and sound in processes of their own. A stream that overwrites a decoder's
// memory then reaches nothing of the server but the pictures and the sound of one room.
//
//	Decoder.DecodeTiles ─ access unit, sizes ─▶ shared memory ─ door ─▶ worker: sandbox, decoder, scaler
//	     frames of the room's pool ◀─────────── shared memory ◀─ door ───────┘
//	VoiceDecoder.Decode ─▶ Batch.Each ─ packets ─▶ shared memory ─ door ─▶ worker: sandbox, decoders
//	              sound ◀─────── samples ◀──────── shared memory ◀─ door ───────┘
//
// A worker is the server's own program, started again. It has nothing but one socket and one piece
// of shared memory, and locks itself in (package sandbox) before the first byte of a stream. The
// memory is a memfd, sealed against other sizes, with a slot for each decoder: room for a door, an access
// unit and its pictures. The server trusts nothing that comes back but pixels, samples and a reply of fixed
// size. It checks the reply, and takes out samples that no sound has.
//
// A [Pool] keeps workers spare, so that no camera waits for a process to start: one, and two as soon as the first is
// taken, because a death may need one for all and one for a suspect. A [Crew] has the decoders of one room: they share
// workers. When a worker dies, its decoders go on in a spare one from their next key frame. Those whose access unit was
// in it are suspects. Each suspect gets a worker of its own, and a third death within a minute ends its decoder. A
// decoder that takes longer than it may is treated as one that died.
//
// A [Batch] has the voices of one room. In each tick of the room's sound clock it writes the packets of all of them
// into one slot, rings once, and waits 3 ms at most. Sound that has not come by then is made up from the sound before
// (pcm.Bridge), and dropped when it comes. The worker says after each packet that it is done, so the server takes what
// there is and knows whose packet ended a worker. That voice is a suspect, and is decoded by another worker (lane) than the
// others. Where a camera's access unit was in the worker too, the voice is a suspect only the second time. When a
// worker dies that voices have, a spare one goes to them first. It is given the last 100 ms of their packets
// again, so that the sound is right from the first packet on.
//
// Goroutines: Pool.Run starts workers; each worker has one that waits for its end. A Batch has a coroutine for each
// voice that decodes in the same tick, which run in turn while Each does and end with Close. A Decoder belongs
// to one goroutine. When a worker has no free slot, the crew gets another. Decoders that have none at once wait
// for one worker together.
//
// A camera decodes while it has one of as many turns as there are cores. It waits for a worker before it takes
// its turn, and gives it up while its worker does not run (OnStall). No other room waits meanwhile.
//
// # Why
//
// Requests and replies go through a word of shared memory on which both sides sleep (futex). The socket
// only says which slots are in use. Messages by sockets cost four wake-ups of an access unit more, by
// way of both runtimes' pollers.
//
// Pictures are scaled in the worker (package fit). The server then copies what is shown: 150 KB of a
// tile of nine, not the 1.4 MB of 720p. The copy is two thousandths of what decoding takes. Frames that
// lie in the worker's memory would save it, but would end with the worker, and their pixels could change
// while an encoder reads them.
//
// Go's system monitor looks every 20 µs whether a call into C has returned. In a worker, which is
// always in such calls, that took a twentieth of what decoding does. The server therefore starts workers
// with timers that may be late.
package worker
