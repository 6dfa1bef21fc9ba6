package mcu

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/picture"
	"tilemix/mcu/rendition"
	"tilemix/mcu/room"
	"tilemix/mcu/session"
	"tilemix/mcu/sound"
)

// register makes the collectors of all packages, which count for rooms by env.
func register(s *Server, env *room.Env) []prometheus.Collector {
	errors := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_encode_errors_total", Help: "Pictures and blocks of sound that could not be encoded.",
	})
	env.Sessions = session.NewMetrics()
	env.Pictures = picture.NewMetrics(rendition.NewMetrics(env.Rungs), errors)
	env.Sounds = sound.NewMetrics(errors)
	share := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tilemix_decode_share", Help: "What the decoding of one camera may take of a core now.",
	}, func() float64 { return env.Headroom.Share().Seconds() })
	var workers []prometheus.Collector
	if s.decoders.pool != nil {
		workers = append(workers, s.decoders.pool)
	}
	return append(workers,
		share, env.Sessions, env.Pictures, env.Sounds, s.pulls, errors, roomStats{s}, sendStats{s}, turnStats{s},
	)
}

// roomStats collects who is in the rooms, and what of the pictures is in memory.
type roomStats struct{ server *Server }

var (
	roomsDesc   = prometheus.NewDesc("tilemix_rooms", "Rooms.", nil, nil)
	relayedDesc = prometheus.NewDesc("tilemix_relay_viewers", "Viewers that this node sends rooms which other nodes mix, as a relay.", nil, nil)
	peopleDesc  = prometheus.NewDesc("tilemix_participants", "Participants and viewers in all rooms.", []string{"kind"}, nil)
	framesDesc  = prometheus.NewDesc("tilemix_frames_live", "Pictures held in memory.", nil, nil)
	memoryDesc  = prometheus.NewDesc("tilemix_decoder_memory_bytes", "Memory that decoders hold for pictures, by their claims.", nil, nil)
	viewersDesc = prometheus.NewDesc("tilemix_picture_viewers", "Viewers that receive the mix, by the height of what they have; 0 has sound only.", []string{"height"}, nil)
)

// Describe is prometheus.Collector's.
func (roomStats) Describe(ch chan<- *prometheus.Desc) {
	ch <- roomsDesc
	ch <- peopleDesc
	ch <- framesDesc
	ch <- relayedDesc
	ch <- viewersDesc
	ch <- memoryDesc
}

// Collect is prometheus.Collector's.
func (r roomStats) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	var people, viewers, frames int
	receive := make([]int, len(r.server.env.Rungs))
	rooms := r.server.allRooms()
	for _, room := range rooms {
		frames += room.Frames()
		scene := room.Scene()
		for i := range scene.Members {
			if scene.Members[i].Viewer {
				viewers++
			} else {
				people++
			}
		}
		for i := range scene.Viewers {
			receive[scene.Viewers[i].Signals.Rung()]++
		}
	}
	gauge(roomsDesc, len(rooms))
	gauge(peopleDesc, people, "participant")
	gauge(peopleDesc, viewers, "viewer")
	gauge(framesDesc, frames)
	relayed := 0
	for _, n := range r.server.Relays() {
		relayed += n
	}
	gauge(relayedDesc, relayed)
	if m := r.server.cfg().DecoderMemory; m != nil {
		gauge(memoryDesc, int(m.Held()))
	}
	for rung, n := range receive {
		gauge(viewersDesc, n, strconv.Itoa(r.server.env.Rungs[rung].Size.Y))
	}
}

// sendStats collects what is sent to clients, and what is done about their network paths.
type sendStats struct{ server *Server }

var (
	socketDesc   = prometheus.NewDesc("tilemix_socket_packets_total", "What came of the packets to be sent.", []string{"what"}, nil)
	writerDesc   = prometheus.NewDesc("tilemix_writer_dropped_total", "Access units and blocks of sound for large rooms that found the ring of their writer full.", nil, nil)
	errorsDesc   = prometheus.NewDesc("tilemix_downlink_errors_total", "Packets of the mix that a connection did not take.", nil, nil)
	reportsDesc  = prometheus.NewDesc("tilemix_reports_dropped_total", "Reports to clients that newer ones replaced before they were sent.", nil, nil)
	slowDesc     = prometheus.NewDesc("tilemix_data_channel_slow_closed_total", "Control channels closed because their client did not read.", nil, nil)
	repeatsDesc  = prometheus.NewDesc("tilemix_repeats_total", "Packets of the mix that were requested again: sent, or refused because they were too old, just sent again or too many.", []string{"what"}, nil)
	probesDesc   = prometheus.NewDesc("tilemix_probe_packets_total", "Packets of the mix sent again to probe what a network path carries.", nil, nil)
	droppedDesc  = prometheus.NewDesc("tilemix_downlink_dropped_total", "Access units of the mix that a network path could not take.", nil, nil)
	panicsDesc   = prometheus.NewDesc("tilemix_connection_panics_total", "Connections ended because the reports of their clients found a fault of the server's.", nil, nil)
	invalidDesc  = prometheus.NewDesc("tilemix_invalid_reports_total", "Reports of clients that contradict what was sent.", nil, nil)
	unboundDesc  = prometheus.NewDesc("tilemix_unbound_packets_total", "Packets of clients that belong to no stream that was answered.", []string{"reason"}, nil)
	unknownDesc  = prometheus.NewDesc("tilemix_key_requests_unknown_stream_total", "Requests for an IDR of a stream that is not sent.", nil, nil)
	namedDesc    = prometheus.NewDesc("tilemix_named_candidates_total", "Addresses that clients named for their media. The server uses none of them.", nil, nil)
	spareDesc    = prometheus.NewDesc("tilemix_data_channel_dropped_total", "Chat messages left out for clients that did not read their control channel.", nil, nil)
	rejectedDesc = prometheus.NewDesc("tilemix_data_channel_rejected_total", "Data channels closed because they were not the control channel.", nil, nil)
)

// The names of these metrics before; they go with the next release.
var (
	heldDesc    = prometheus.NewDesc("tilemix_downlink_held_total", "Old name of tilemix_downlink_dropped_total.", nil, nil)
	absurdDesc  = prometheus.NewDesc("tilemix_absurd_reports_total", "Old name of tilemix_invalid_reports_total.", nil, nil)
	strangeDesc = prometheus.NewDesc("tilemix_key_requests_strange_total", "Old name of tilemix_key_requests_unknown_stream_total.", nil, nil)
	foreignDesc = prometheus.NewDesc("tilemix_data_channel_foreign_closed_total", "Old name of tilemix_data_channel_rejected_total.", nil, nil)
)

// Describe is prometheus.Collector's.
func (sendStats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		socketDesc, errorsDesc, writerDesc, reportsDesc, slowDesc, repeatsDesc, probesDesc, droppedDesc, panicsDesc, invalidDesc, unknownDesc, unboundDesc, namedDesc, spareDesc, rejectedDesc,
		heldDesc, absurdDesc, strangeDesc, foreignDesc,
	} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (o sendStats) Collect(ch chan<- prometheus.Metric) {
	n := o.server.api.Stats()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	counter(socketDesc, n.Sent, "sent")
	counter(socketDesc, n.Dropped, "dropped")
	counter(socketDesc, n.Refused, "refused")
	counter(errorsDesc, n.DownlinkErrors)
	counter(writerDesc, n.WriterDropped)
	counter(reportsDesc, n.ReportsDropped)
	counter(slowDesc, n.SlowChannels)
	counter(repeatsDesc, n.Retransmitted, "sent")
	counter(repeatsDesc, n.NotRetransmitted, "refused")
	counter(probesDesc, n.Probes)
	counter(namedDesc, n.NamedCandidates)
	counter(spareDesc, n.SpareDropped)
	counter(panicsDesc, n.Panics)
	for reason, packets := range n.Unbound {
		counter(unboundDesc, packets, reason)
	}
	for _, d := range []*prometheus.Desc{droppedDesc, heldDesc} {
		counter(d, n.DownlinkDropped)
	}
	for _, d := range []*prometheus.Desc{invalidDesc, absurdDesc} {
		counter(d, n.InvalidReports)
	}
	for _, d := range []*prometheus.Desc{unknownDesc, strangeDesc} {
		counter(d, n.UnknownStreamKeyRequests)
	}
	for _, d := range []*prometheus.Desc{rejectedDesc, foreignDesc} {
		counter(d, n.RejectedDataChannels)
	}
}
