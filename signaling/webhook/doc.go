// Package webhook tells other servers by HTTP what happens in rooms.
//
//	rooms, recorders, outputs ─▶ Sender.Post ─▶ channel ─▶ Sender.take ─▶ spool ─▶ courier.run ─▶ POST
//	                                                           one of each for every URL, the spool on disk
//
// Post never blocks. One goroutine writes each event into a file for every URL, and one
// goroutine a URL sends the oldest of them until it is taken, so events come in
// order and a receiver that is away delays nobody else. What is in a file survives
// the process, however it ends. A receiver may get an event twice: after an answer that was
// lost, or a server that was killed. It knows it by its ID.
//
// A file an event is simple and cannot be torn, as it gets its name when it is whole.
// There is no fsync: the loss of power may cost the last seconds. Where the disk
// takes no file the event is kept in memory, since a full disk is what one wants to be
// told of.
//
// Edges, as in package mcu:
//
//	Post → spool      1024 events, the newest dropped      tilemix_webhook_events{dropped}
//	spool → receiver  Config.Most, the oldest dropped      tilemix_webhook_events{dropped}
//	                  after Config.MaxAge given up         tilemix_webhook_events{failed}
package webhook
