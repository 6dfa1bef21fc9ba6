// Package webhook sends events of rooms to other servers by HTTP.
//
//	rooms, recorders, outputs ─▶ Sender.Post ─▶ channel ─▶ Sender.take ─▶ spool ─▶ deliverer.run ─▶ POST
//	                                                           one of each for every URL, the spool on disk
//
// Post never blocks. One goroutine writes each event into a file for every URL. One goroutine a URL
// sends the oldest event until the receiver accepts it. Events of a URL therefore arrive in order,
// and a receiver that is down delays no other. A file survives the process. A receiver may get an
// event twice, after an answer was lost or the server was killed; both have the same ID.
//
// There is one file an event, because it cannot be torn: it gets its name when it is whole. There is
// no fsync, so a loss of power may cost the last seconds. If the disk takes no file, the Sender keeps
// the event in memory, because a full disk is an event that operators want to get.
//
// Edges, as in package mcu:
//
//	Post → spool      1024 events, the newest dropped      tilemix_webhook_events{dropped}
//	spool → receiver  Config.MaxQueued, oldest dropped         tilemix_webhook_events{dropped}
//	                  after Config.MaxAge given up         tilemix_webhook_events{failed}
//
// # Why
//
// Each waiting event is a file. This costs more files than a journal but needs neither repair
// nor compaction. The sender runs until rooms and recorders have ended, so their last events
// are sent too.
package webhook
