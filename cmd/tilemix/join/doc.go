// Package join is the command "tilemix join": a participant without a browser.
//
//	camera ─▶ picture: scale, encode ─▶ client ─▶ server
//	microphone ─▶ voice: encode ─────────▶ client ─▶ server
//	file ◀─ recording ◀─ client ◀─ server
//
// Camera, microphone and file last as long as the command. The command makes a new client when
// the connection breaks. It has a goroutine for each source, one that keeps the connection, and
// one for its status.
package join
