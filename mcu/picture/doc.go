// Package picture is a room's picture clock: at each tick it takes the newest picture of
// each camera, composes each view, encodes each rendition of it that a viewer has, and
// sends it.
//
//	Camera.Picture ──▶ sources ──▶ view: canvas ──▶ renditions ──▶ audience ──▶ viewers' streams
//	                      │                             └──▶ sinks
//	                      └──▶ scene.Reporter: how each camera comes; which rung each viewer has
//
// The lead rendition of the room's own view, its full size in H.264, is encoded by the clock itself,
// so that its pictures do not wait for others. Each rendition has a goroutine
// (rendition.Encoder.Run) that makes the encoder, and encodes all but the lead one. The
// clock hands pictures over and takes what comes of them between its ticks.
//
// The clock rests while nobody watches, and while no camera is seen and the picture has
// been still for settle (2 s). It wakes for a scene, for a key-frame request, and for each second of a
// clock among the overlays.
//
// Its phase follows the camera of the participant that has the floor (package pace), so
// that the picture of this camera waits little for its tick.
//
// The clock owns everything in this package. Its goroutine is the one that calls
// Clock.Run; there is one for each room, and one for each rendition.
//
// # Why
//
// Cameras wait for one of as many decode slots as there are cores, because more at once would
// push the clocks aside. The clocks' own encodes do not queue. The clock moves its phase by
// at most 1 ms a tick towards the pictures of the speaker, which then wait 3 ms and not half a
// period.
//
// Making an encoder takes 0.3 to 4 ms, and the first IDR of 720p 16 ms. Other renditions than
// the lead one therefore have a goroutine each. One writer, the clock, owns each downlink, and
// a slow encoder drops only pictures of its own.
//
// A server that is too busy delays packets as slow paths do, and moving all viewers would only
// add encodes. While the clock misses a tenth of its ticks, a path counts as slow only if it
// carries less than half, or dropped pictures in the last 5 s. Moves up stay possible.
package picture
