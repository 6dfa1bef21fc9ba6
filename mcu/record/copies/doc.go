// Package copies copies recordings that have ended to storage that speaks S3.
//
//	recording.finished ─▶ Copier.Hear ─▶ wake ─▶ Copier.Run: list, copy, compare ─▶ PUT, multipart
//	                                                 │                            ◀─ checksum
//	                                                 ├─▶ note in Config.Dir, recording.copied
//	                                                 └─▶ Recorder.Remove, if the copy agrees
//
// Run copies one file after the other. It looks for what has no note yet, so that no queue can be full, and
// recordings of earlier runs are copied too. The file that says what a recording is comes last: where it is,
// the copy is whole.
//
// A copy agrees if the storage has as many bytes, and its ETag is the MD5 of them, by parts if there are
// several. Storage that encrypts has other ETags; then the copy is read back and compared. A copy that does
// not agree is made again, and the recording stays.
package copies
