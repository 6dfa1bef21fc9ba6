// Package session is one client of a room: its media connection, its control connection,
// and the camera and microphone that it publishes.
//
//	offers, candidates ──▶ Session ──▶ rtc.Peer ──▶ track ──▶ ingest.Video, ingest.Voice ──▶ Events.Publish…
//	data channel ────────▶ Session ──▶ Events.Command            └──▶ taps
//	room's loop ─────────▶ Control ──▶ control connection, data channel
//
// A session has one media connection at a time. A client that comes back gets a new one,
// and what still arrives by the old one is ignored. Control connections are numbered for
// the same reason: what is asked for over one that was replaced fails with ErrClosed.
//
// Another client may bring the screen of a participant by a connection beside (Beside).
//
// # Goroutines
//
// A session has pion's goroutines, one for each track that it sends (runVideo, runAudio),
// one for the RTCP of each downlink, and one for reports about its tracks. An injected session has the goroutines that
// call PlayVideo and PlayAudio instead. Close waits for all of them.
package session
