// Package fit makes of a decoded picture what its tiles show: cropped, scaled, in the colours of
// canvases.
//
//	access unit ─▶ decoder ─▶ picture ─▶ Scaler, once for each of Wanted's tiles ─▶ yuv.Frame, chained by Other
//
// A picture is scaled where it is decoded, while it is in the processor's cache. That is in this
// process (Local), or in a codec worker (package worker), which then passes on only what is shown. Both
// sides of a worker compute the size of each picture from the source's size, so no size is sent.
package fit
