// Package bench measures a server from the outside: what a call costs, how late its
// picture and sound are, and how that compares with the codec and transport work
// that no server can do without.
//
//	scenario ──▶ run: server (a process) ◀── WebRTC ── bots (this process) ──▶ Result ──▶ table, JSON
//	                 bare exchange (a process) ◀── the same packets ──┤
//	                 codecs (one thread) ◀── the same pictures ───────┘
//
// Nothing is decoded while it is measured: one bot keeps the mix, which is decoded
// afterwards, to find the picture numbers that are painted into every camera's
// picture and the chirps in the speaker's voice.
package bench
