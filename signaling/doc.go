// Package signaling is the server as HTTP shows it: WHIP (RFC 9725), WHEP
// (draft-ietf-wish-whep), a WebSocket for the web client, the API, metrics and
// the pages. It knows HTTP and nothing of media; routes.go lists every address.
//
//	POST /whip/{room} ──▶ Join ──▶ Offer ──▶ 201, Location /whip/{room}/{id}
//	  PATCH …/{id} ─────▶ AddCandidate, or Offer again for an ICE restart
//	  DELETE …/{id} ────▶ Leave
//	GET /ws/{room} ─────▶ Join ──▶ upgrade
//	  reader: message ──▶ Offer, AddCandidate, Handle
//	  writer: queue ◀──── control messages of the room
//	POST /api/v1/rooms/{room}/recordings ──▶ Start ──▶ 201, Location …/{id}
//	  PATCH, DELETE …/{id} ─▶ Pause, Stop; GET …/{id}/file: Open, with ranges
//
// A WHIP or WHEP session outlives the HTTP connection that made it: ICE tells
// when its client is gone, and for 30 s after that a PATCH may restart it. A WebSocket is
// one participant, who leaves with it if he says so, and else may come back.
//
// The queue of a WebSocket holds [Config].Queue messages. A client that lets it
// fill up is closed and counted in tilemix_websocket_slow_closed_total: the room
// never waits for a reader.
package signaling
