// Package stats keeps what happened to one participant's media: one sample a second for ten
// minutes, and one in ten seconds for two hours. Time is an argument.
//
//	counters of uplink, mix, downlink, client ──▶ Reading ──▶ Record.Add ──▶ Moment ──▶ ring of 600
//	                                                                            └─ 10 ─▶ ring of 720
//	Record.History ──▶ Series ──▶ JSON in columns, or a dump that viewers of webrtc-internals open
//
// # Why
//
// A mixer is the only part of a call that sees all of it: the sender's packets, what the decoder made
// of them, what was encoded for each viewer, and what the viewer's client says of that. So each
// participant has one table, in which all of this stands beside each other.
//
// A field is one number of 4 bytes, and a participant has 1320 samples at most: less than 300 kB. The
// rings grow by a minute of samples at a time, so that a short call costs little, and allocate
// nothing once they are full.
package stats
