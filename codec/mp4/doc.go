// Package mp4 writes H.264 and Opus, as they were encoded, into a fragmented MP4
// file (ISO/IEC 14496-12, 14496-15, "Encapsulation of Opus in ISO Base Media File
// Format").
//
//	WriteVideo ─▶ samples ┐
//	                      ├─▶ fragment (moof, mdat), one Write each ─▶ io.Writer
//	WriteAudio ─▶ samples ┘
//
// The file is ftyp and moov, which hold no samples, then a fragment for every key
// frame and at least every Config.Fragment, then, if it was closed, an index (mfra).
// Each fragment says at which instant of the file it begins and can be played
// without those before it once it has a key frame. So a file that was cut off
// plays up to its last whole fragment, and one that grows can be played.
//
// # Why
//
// A fragment is complete when the next key frame comes or a second is over. It is written in
// one call and states its start, so all that is in the file plays, and picture and sound
// cannot drift apart. The file's parameter sets are the first. Later ones stay in the stream,
// which players follow, so a stream that changes its size is still one file.
package mp4
