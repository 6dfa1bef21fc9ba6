// Package bot is a crowd of WebRTC clients in one process. They need little CPU, so
// that a bench measures the server and not its clients.
//
//	           one goroutine            one UDP socket              one goroutine
//	Clip, ──▶ Crowd.send: a heap of ──▶ wire: one address of  ──▶ Crowd.receive: ──▶ Stats
//	Voice      tasks by time            127/8 for each bot        counts headers
//
// A bot behaves on the wire as a browser does: ICE (RFC 8445), DTLS-SRTP (RFC 5764),
// sender and receiver reports, transport-wide sequence numbers, audio levels, a data
// channel. Three things make bots cheap:
//
//   - The bench encodes and packetizes media once for all bots.
//   - All bots share one socket. Each bot has a loopback address, which tells it apart.
//   - Bots count most packets without decrypting them, because SRTP leaves headers in
//     the clear. A bot decrypts one packet in checkEvery, all packets until the first
//     key frame, and all packets if it records.
//
// A Bot consists of parts by owner:
//
//	part      what                    owner
//	ice       checks, keep-alive      safe for concurrent use
//	secure    DTLS                    Bot.join
//	sender    pictures and sound      the goroutine of Crowd.send
//	reports   RTCP that the bot sends the goroutine of Crowd.send
//	feedback  what came, what is lost the goroutine of Crowd.receive
//	receiver  RTP and RTCP received   the goroutine of Crowd.receive
//	channel   control messages        a goroutine that reads them
//	wishes    what the server wants   safe for concurrent use
//
// A Crowd has two goroutines, and Run waits for them. A Bot has the goroutines of its
// DTLS connection, and one that reads its control channel if it has one. Leave waits
// for them.
package bot
