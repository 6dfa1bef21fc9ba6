// Package rendition is one stream of access units for many viewers: it is encoded once,
// and each viewer's downlink sends it.
//
//	canvas ──▶ Rendition.Offer ──▶ Producer: Encoder ──▶ Output ──▶ Rendition.Take ──▶ packets for each viewer
//	                 ▲                                                   └──▶ history ──▶ Rendition.Replay
//	          RequestKeyFrame, at most one IDR a second comes of it
//
// A viewer that is new to a rendition begins at the next IDR, or, when the last one is
// less than a second old, with a replay of what was encoded since. So a viewer that joins
// costs the others no IDR.
//
// A Rendition belongs to the picture clock. Its Producer makes the access units and puts
// them into the channel that its constructor got; the clock drains it. An Encoder has a
// goroutine, the one that calls Encoder.Run, and the lead rendition's encoder is run by
// the clock itself while that goroutine waits (Rendition.Encode).
package rendition
