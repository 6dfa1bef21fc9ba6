package sound

import (
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/rtc/send"
	"tilemix/mcu/scene"
)

// heard counts the blocks of a downlink that arrive in order.
type heard struct {
	blocks, wrong int
	last          rtp.Header
}

// WriteRTP counts a block.
func (h *heard) WriteRTP(header *rtp.Header, payload []byte) (int, error) {
	if h.blocks > 0 && (header.SequenceNumber != h.last.SequenceNumber+1 || header.Timestamp != h.last.Timestamp+960) {
		h.wrong++
	}
	h.blocks++
	h.last = *header
	return len(payload), nil
}

// TestLargeRoom mixes for so many that writers send, and then for few: each hears every
// block once, in order.
func TestLargeRoom(t *testing.T) {
	const listeners, blocks = 200, 150
	var counters send.Counters
	path := send.NewPath(func([]rtcp.Packet) error { return nil }, send.NewPacer(), &counters, time.Now())
	var all []scene.Listener
	var ears []*heard
	for i := range listeners {
		h := &heard{}
		d := send.NewAudio(path)
		d.Bind(send.Binding{Writer: h, SSRC: uint32(i + 1), PayloadType: 111})
		d.Open()
		all = append(all, scene.Listener{ID: string(rune('a' + i)), Stream: d})
		ears = append(ears, h)
	}
	chain := scene.NewChain()
	c := NewClock(Env{Bitrate: 24_000, Metrics: NewMetrics(prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"}))}, chain)
	var sent [listeners]uint64
	for n := range blocks {
		switch n {
		case 0:
			chain.Publish(&scene.Scene{Listeners: all})
		case 50:
			chain.Publish(&scene.Scene{Listeners: all[:20]})
		case 100:
			chain.Publish(&scene.Scene{Listeners: all[:100]})
		}
		c.advance()
		c.tick(time.Now())
		for i := range c.listeners { // so that a slow machine drops none
			sent[i]++
			for all[i].Stream.(*send.Downlink).Stats().Packets < sent[i] {
				runtime.Gosched()
			}
		}
	}
	c.fan.Close()
	for i, h := range ears {
		want := blocks
		switch {
		case i >= 100:
			want = 50
		case i >= 20:
			want = 100
		}
		gaps := 0
		if i >= 20 && i < 100 {
			gaps = 1 // the 50 blocks in which it was not there
		}
		if h.blocks != want || h.wrong != gaps {
			t.Errorf("listener %d: %d blocks of %d, %d out of order", i, h.blocks, want, h.wrong)
		}
	}
	if counters.WriterDropped.Load() != 0 {
		t.Errorf("%d blocks dropped", counters.WriterDropped.Load())
	}
}
