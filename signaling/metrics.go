package signaling

import (
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// socketCounts are what all WebSockets and event streams count together.
type socketCounts struct {
	slow        prometheus.Counter // that were closed because their queue was full
	chatDropped prometheus.Counter // messages that did not fit
	flooded     prometheus.Counter // that were closed because their client sent too many control frames
}

func newSocketCounts() *socketCounts {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &socketCounts{
		slow:        counter("tilemix_websocket_slow_closed_total", "WebSockets and event streams closed because their client did not read."),
		chatDropped: counter("tilemix_websocket_chat_dropped_total", "Chat messages left out for WebSockets and event streams whose client did not read."),
		flooded:     counter("tilemix_websocket_flood_closed_total", "WebSockets and event streams closed because their client sent too many pings and pongs."),
	}
}

func (c *socketCounts) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.slow, c.chatDropped, c.flooded}
}

// metrics serves the numbers of the process, of the server and of this package, in a
// registry that nothing else uses. It fails when two collectors have one name.
func metrics(srv Server, cfg Config, own ...prometheus.Collector) (echo.HandlerFunc, error) {
	all := slices.Concat(own, srv.Collectors(), cfg.Collectors, []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	})
	if cfg.Recorder != nil {
		all = append(all, cfg.Recorder.Collectors()...)
	}
	if cfg.Gateway != nil {
		all = append(all, cfg.Gateway.Collectors()...)
	}
	if cfg.Broadcaster != nil {
		all = append(all, cfg.Broadcaster.Collectors()...)
	}
	reg := prometheus.NewRegistry()
	for _, c := range all {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return newScrapes(promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg})).serve, nil
}
