// Package book keeps what outlives the calls in a room: rules, invites, bans and PINs, in one file
// a room, rooms/NAME.json in the data folder.
//
//	Update ─▶ copy of the Book ─▶ change ─▶ file replaced, fsync ─▶ readers see it
//	View ◀─ Book in memory ◀─ file, if it has changed
//
// # Rules of the file
//
// A Book is one file, so that a change of several sections is one change. A file that a newer version
// wrote is refused, and so is a broken one: the log names it with its line, the Book of before goes on
// to be read, and nothing is written over the file. Rules are JSON of another package, which this one
// does not read.
//
// A Book that has nothing but bans, of a room that nobody set up, stays in memory and is gone with
// the process. Otherwise anybody could fill the disk, because in an open server anybody is the host
// of some room.
//
// # Several servers
//
// Servers that share their Books take copies of each other's. Each change counts up the Book's revision, and of
// two copies the one with the higher revision counts. A Book that is no more leaves its revision, so that an
// older copy does not bring it back.
//
// The package starts no goroutine. A Shelf is safe for concurrent use.
package book
