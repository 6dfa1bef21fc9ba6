// Package rtctest is clients for tests: what a browser does with a server, with
// cameras and microphones that are drawn and computed, and with eyes and ears
// that look at every packet.
//
//	Client.Film  ──▶ H.264 ──▶ Uplink ──▶ line ──▶ server
//	Client.Speak ──▶ Opus  ──▶ Uplink ──┘
//	server ──▶ line ──▶ order of packets checked ──▶ decoded ──▶ VideoSink, AudioSink
//
// Everything goes over UDP on the loopback address. A network.Line in between loses, delays,
// doubles and holds up packets, each way for itself, as its Impairment says. A Client's
// goroutines are pion's, one for its line, one for each camera and microphone, and
// one for each stream received; Close ends them and waits.
package rtctest
