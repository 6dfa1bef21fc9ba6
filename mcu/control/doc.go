// Package control defines the messages that clients and the server exchange beside
// the media. Each message is a JSON object with a field "type". Messages travel over
// the WebSocket and over the data channel labelled "control".
//
//	client ──▶ server   Offer, Answer, Candidate, Mute, SendChat, ChooseLayout, Alive
//	server ──▶ client   Welcome, Answer, Candidate, Participants, Speaking, Layout, Uplink,
//	                    Rendition, Recordings, Broadcast, Chat, Alive, Error
//
// Offer, Answer, Candidate and Alive exist on the WebSocket only. A client ignores
// messages of types that it does not know.
//
// Every message has one struct. The server reads with [Parse], clients read with
// [Decode], both write with [Encode]. The types that the web pages use are generated
// from the structs: see web/protocol_test.go.
package control
