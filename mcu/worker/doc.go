// Package worker decodes pictures in processes of their own. A stream that overwrites a decoder's
// memory then reaches nothing of the server but the pictures of one room.
//
//	Decoder.Decode ─ access unit ─▶ shared memory ─ request ─▶ worker: sandbox, decoder
//	        picture ◀────────────── shared memory ◀─ reply ───────┘
//
// A worker is the server's own program, started again. It has nothing but one socket and one piece
// of shared memory, and locks itself in (package sandbox) before the first byte of a stream. The
// memory is a memfd, sealed against other sizes, with a slot for each decoder: room for an access
// unit and for a picture. The server copies access units in and reads pictures where they lie. It
// trusts nothing that comes back but pixels and a reply of fixed size, which it checks.
//
// A [Pool] keeps one worker spare, so that no camera waits for a process to start. A [Crew] has the
// decoders of one room: they share workers. When a worker dies, its decoders go on in the spare
// from their next key frame. Those whose access unit was in it are suspects. Each suspect gets a
// worker of its own, and a third death within a minute ends its decoder. A decoder that
// takes longer than it may is treated as one that died.
//
// Goroutines: Pool.Run starts workers; each worker has one that reads its replies and waits for its
// end. A Decoder belongs to one goroutine.
//
// When a worker has no free slot, the crew gets another. A socket holds at most one request and
// one reply for each slot, so neither end ever waits for the other.
package worker
