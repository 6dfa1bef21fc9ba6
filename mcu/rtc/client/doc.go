// Package client is the other end of a call: it sends one picture and one voice,
// receives the mix as it was encoded, and talks over the data channel "control".
//
//	WriteVideo, WriteAudio ─▶ packets ─▶ pion ─▶ server
//	Config.Picture, .Sound ◀─ in order, with their instants ◀─ pion ◀─ server
//	Config.Message         ◀─ control ◀─
//
// What is lost is asked for again (NACK); where it does not come, pictures are left out up to
// the next key frame, which is asked for.
package client
