package mcu

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec/table"
	"tilemix/mcu/fanout"
)

// maxRungs bounds the rungs of a ladder that have a picture.
const maxRungs = 3

// renditionTotals sums over the renditions of a kind.
type renditionTotals struct {
	live                                   int // those that there are now
	encodes, keys, replays, skipped, bytes uint64
}

var (
	kindLabels     = []string{"codec", "height"}
	renditionsDesc = prometheus.NewDesc("tilemix_renditions", "Renditions of rooms' pictures.", kindLabels, nil)
	encodesDesc    = prometheus.NewDesc("tilemix_picture_encodes_total", "Pictures of the mix encoded.", kindLabels, nil)
	keysDesc       = prometheus.NewDesc("tilemix_key_frames_total", "IDRs among the pictures of the mix.", kindLabels, nil)
	replaysDesc    = prometheus.NewDesc("tilemix_replays_total", "Viewers served from recent pictures of the mix, without an IDR.", kindLabels, nil)
	skippedDesc    = prometheus.NewDesc("tilemix_pictures_skipped_total", "Pictures of the mix that rate control left out, or that came while the one before was encoded.", kindLabels, nil)
	bytesDesc      = prometheus.NewDesc("tilemix_picture_bytes_total", "Bytes of the pictures of the mix.", kindLabels, nil)
	viewersDesc    = prometheus.NewDesc("tilemix_picture_viewers", "Who receives the mix, by the height of what they have; 0 has sound only.", []string{"height"}, nil)
)

// countRendition makes a rendition part of the sums, as count does.
func (s *stats) countRendition(k kind, r *fanout.Rendition) (retire func()) {
	last := s.count(func(t *totals) {
		n, sum := r.Stats(), &t.renditions[k.codec][k.rung]
		sum.live++
		sum.encodes += n.Encodes
		sum.keys += n.KeyFrames
		sum.replays += n.Replays
		sum.skipped += n.Skipped
		sum.bytes += n.Bytes
	})
	return func() {
		last()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.retired.renditions[k.codec][k.rung].live--
	}
}

// collectRenditions reports the sums over all kinds of renditions, those that there
// are none of too, so that nothing begins other than with 0.
func (s *stats) collectRenditions(ch chan<- prometheus.Metric, t *totals) {
	rungs := s.server.rungs
	for _, spoken := range table.Videos() {
		codec := spoken.Kind
		for rung, sum := range t.renditions[codec][:len(rungs)-1] {
			height := strconv.Itoa(rungs[rung].Size.Y)
			ch <- prometheus.MustNewConstMetric(renditionsDesc, prometheus.GaugeValue, float64(sum.live), codec.String(), height)
			for _, c := range []struct {
				desc  *prometheus.Desc
				value uint64
			}{
				{encodesDesc, sum.encodes},
				{keysDesc, sum.keys},
				{replaysDesc, sum.replays},
				{skippedDesc, sum.skipped},
				{bytesDesc, sum.bytes},
			} {
				ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(c.value), codec.String(), height)
			}
		}
	}
	viewers := make([]int, len(rungs))
	for _, r := range s.server.allRooms() {
		for _, seat := range r.scene.Load().seats {
			if seat.picture != nil {
				viewers[seat.p.shown.Load()]++
			}
		}
	}
	for rung, n := range viewers {
		ch <- prometheus.MustNewConstMetric(viewersDesc, prometheus.GaugeValue, float64(n), strconv.Itoa(rungs[rung].Size.Y))
	}
}
