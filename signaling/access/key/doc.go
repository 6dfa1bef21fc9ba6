// Package key has the API keys of programs: made on the command line, kept hashed, and judged at
// each request.
//
//	tilemix key add ─▶ Ring.Add ─▶ keys.json ─▶ Ring.Verify, which looks at the file each time
//	                                            └─▶ keys-used.json, once a minute
//
// keys.json has who may do what. Only Add and Remove write it, under a lock, so that the server
// and the command cannot undo each other's changes. When a key was used last stands in a file that
// only the server writes.
//
// A request costs one stat of keys.json, for which a key that was removed fails with the next
// request. If the file becomes broken, the keys of before stay, and the log names the line.
//
// The package starts no goroutine. Time is an argument. A Ring is safe for concurrent use.
package key
