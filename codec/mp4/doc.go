// Package mp4 writes H.264 and Opus, as they were encoded, into a fragmented MP4
// file (ISO/IEC 14496-12, 14496-15, "Encapsulation of Opus in ISO Base Media File
// Format").
//
//	WriteVideo ─▶ samples ┐
//	                      ├─▶ fragment (moof, mdat), one Write each ─▶ io.Writer
//	WriteAudio ─▶ samples ┘
//
// The file is ftyp and moov, which hold no samples, then a fragment for every key
// frame and at least every Config.Fragment, then, if it was closed, an index (mfra). With Config.Header,
// a file that was closed has its length and a second index (sidx) in front of the fragments too.
// Each fragment says at which instant of the file it begins and can be played
// without those before it once it has a key frame. So a file that was cut off
// plays up to its last whole fragment, and one that grows can be played.
//
// # Why
//
// A fragment is complete when the next key frame comes or a second is over. It is written in
// one call and states its start, so all that is in the file plays, and picture and sound
// cannot drift apart.
//
// A stream that changes its size is still one file. Each pair of parameter sets has a sample entry,
// and each fragment names its own. The other choice was one entry with the largest size. Players
// like QuickTime decode by the sample entry alone, so they would show broken pictures after the
// change. Others read the parameter sets in the stream, so these stay there too. The track has the
// size of its largest picture, to which players scale the others.
//
// Sample entries come while the file grows, and its length when it ends. Firefox, GStreamer and others
// read the length in front, or the whole file. So there is room for two moov (Config.Header). One is
// written while the other is in use, and one byte says which it is. There are 4 KB to spare for sample
// entries, and 12 KB for an index of 1024 places: of more than an hour, each four seconds. The stream of a
// pipe cannot be written anew, and has the first entry alone. The same holds for the sets for which there
// is no more room.
//
// Opus comes 6.5 ms late from its encoder. An edit list and dOps say so, and players leave out as much at
// the beginning. A player that reads neither is 6.5 ms late.
package mp4
