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
// every function.
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
//
// # Why
//
// Reception reports, transport-wide arrival times and NACKs are driven by arriving packets,
// in the goroutines that read SRTP and tracks. pion's interceptors do the same with a goroutine and
// a ticker each for every connection: 2.8 ms of CPU a second for an idle connection, 0.85
// without. None of them is left.
//
// While packets are missing, that goroutine also wakes every 5 ms. A camera of 15 pictures a
// second brings packets too rarely to request again in time, and pion delivers a
// retransmission (RTX) only beside the next packet.
//
// A packet counts as missing when it is later than packets were that arrived after all, so a
// path that reorders gets time. It is requested again after a round trip, on a long path after
// half of one, and given up once four requests could have been answered, or after 800 ms. The
// round trip is ICE's measurement first, then the time that the answers took. Only when a packet
// is given up is a key frame requested.
package receive
