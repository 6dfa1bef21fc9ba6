// Package viewer decides what one viewer gets of a view: which rendition, when it moves to
// another, and how it recovers from loss. Time is an argument; nothing here runs.
//
//	path's estimate, sound ──▶ Choose ──▶ rung ──▶ Target ──▶ Deliver, Replay ──▶ stream
//	key-frame request, dropped units ──▶ recovery ──▶ Rendition.RequestKeyFrame or a replay
//
// A room's picture has renditions by codec and rung of a ladder: full, half and quarter
// size, or nothing but sound (package ladder). There are those that a viewer takes, and
// for 5 s those that a viewer took. The picture clock asks each viewer at each tick what
// it wants. A viewer moves at an IDR: up while it goes on with what it has, down by
// leaving that at once, so that the network path has less to carry. Estimates that are
// too low because the server is busy move nobody down (Overload).
//
// A request for an IDR is for the rendition of the viewer that asks. Where others share
// that rendition the request counts against the viewer's budget (keyframe.Budget), and so
// does a path that dropped access units. A replay of what was encoded since the last IDR
// costs the others nothing, so a viewer has one first where there is one, once for each
// IDR. A viewer without budget is moved to the next smaller rendition, where it is
// usually the only viewer.
//
// A Subscription belongs to the picture clock.
package viewer
