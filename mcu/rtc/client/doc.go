// Package client is the other end of a call: it sends one picture and one voice,
// receives the mix as it was encoded, and talks over the data channel "control".
//
//	WriteVideo, WriteAudio ─▶ packets ─▶ pion ─▶ server
//	Config.Picture, .Sound ◀─ in order, with their instants ◀─ pion ◀─ server
//	Config.Message         ◀─ control ◀─
//
// What is lost is asked for again (NACK); where it does not come, pictures are left out up to
// the next key frame, which is asked for.
//
// # Why
//
// The client is pion with its default interceptors, because it has one connection and not
// thousands. Encoding is our own, because a sender must follow the server: size, frame rate
// and bitrate change at any time.
package client
