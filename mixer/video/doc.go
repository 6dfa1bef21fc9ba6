// Package video draws the tiles of a room on one canvas.
//
// A Compositor keeps its canvas from one tick to the next. At each tick it
// gets all tiles, compares them with what it drew last, and draws only those
// that differ:
//
//	[]Tile ──▶ content (what is to be seen) ──differs?──▶ picture | placeholder ─▶ border ─▶ corners ─▶ label ──▶ canvas
//	              │                                                                  ▲
//	              └─ new name, size, … ─▶ look (masks from the cache) ───────────────┘
//
// All that is not picture is painted through alpha masks: text, shapes and
// rounded corners are rendered once, when a tile begins to look so, and dropped
// when no tile on the canvas needs them. Nothing allocates while looks stay the
// same.
//
// Pictures and canvas are 4:2:0 with BT.601 coefficients in limited range (Y
// 16 to 235, Cb and Cr 16 to 240). Most cameras send that, and the encoder declares
// it to receivers (codec/h264). Pictures are copied as they are: the caller converts pictures
// of other colours before (yuv.ToCanvas).
package video
