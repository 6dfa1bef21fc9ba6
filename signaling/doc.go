// Package signaling is the HTTP side of the server: WHIP (RFC 9725), WHEP
// (draft-ietf-wish-whep), a WebSocket or an event stream for the web client, the API, metrics, the pages and
// the guides. It handles no media. routes.go has the route table with every address.
//
//	POST /whip/{room} ──▶ Join ──▶ Offer ──▶ 201, Location /whip/{room}/{id}
//	  PATCH …/{id} ─────▶ Candidate, or Offer again for an ICE restart
//	  DELETE …/{id} ────▶ Leave
//	GET /ws/{room} ─────▶ Join or Resume ──▶ upgrade
//	  reader: message ──▶ Offer, Candidate, Command
//	  writer: queue ◀──── control messages of the room
//	POST /sse/{room} ───▶ the same, with events and posts instead of the WebSocket
//	POST /api/v1/rooms/{room}/recordings ──▶ Start ──▶ 201, Location …/{id}
//	  PATCH, DELETE …/{id} ─▶ Pause, Stop; GET …/{id}/file: Open, with ranges
//
// Each resource has a type of its own: [whip], [sockets], [eventStreams], [recordings], [gatewayLinks],
// [broadcasts], [pages], [status]. All are safe for concurrent use and start no goroutine.
// The goroutines of a WebSocket end with its request; see [socket].
//
// A WHIP or WHEP session outlives the HTTP connection that made it. When ICE fails, the
// server waits 30 s for a PATCH that restarts ICE. A WebSocket belongs to one participant.
// If the client closes it with code 1000, the participant leaves. After any other close
// the client may come back with its resume token. A socket reads and writes by a transport:
// a WebSocket, or an [eventStream], whose client closes by a DELETE with the code.
//
// The queue of a WebSocket holds [Config].Queue messages. The server closes a client whose
// queue is full, and counts it in tilemix_websocket_slow_closed_total, because the room
// never waits for a reader.
//
// explain in errors.go maps every error to its HTTP status and to the client's text.
package signaling
