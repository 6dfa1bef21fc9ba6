// Package receive tells a sender what arrives of its streams, and asks again for what
// does not.
//
//	            ┌▶ Arrivals: every packet of a connection ──▶ transport-wide feedback, 10/s
//	RTP packets ┤
//	            └▶ Feedback: one stream ┬ reception ──▶ receiver reports, 1/s
//	                                    └ missing   ──▶ NACKs
//
// Arriving packets drive it. A silent stream therefore costs nothing, whereas pion's
// interceptors have a goroutine and a ticker for each stream. Time is an argument of
// every function, except in Arrivals.BindRemoteStream, which pion calls with each packet.
//
// The parts and their counterparts in libwebrtc:
//
//	here        libwebrtc
//	reception   modules/rtp_rtcp/source/receive_statistics_impl.cc
//	missing     modules/video_coding/nack_requester.cc
//	roundTrip   the same; RFC 6298 in place of an average
//	Arrivals    modules/remote_bitrate_estimator/remote_estimator_proxy.cc
//
// libwebrtc sends a NACK again after each round trip. Here a request is repeated after
// half of a long round trip, because the request itself may have been lost.
package receive
