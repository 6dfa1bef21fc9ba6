package signaling

import (
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func newSlowCounter() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_websocket_slow_closed_total",
		Help: "WebSockets closed because their client did not read.",
	})
}

// metrics shows the numbers of the process, of the server and of this package, in
// a registry of their own.
func (s *site) metrics() echo.HandlerFunc {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), s.slow)
	reg.MustRegister(s.srv.Collectors()...)
	reg.MustRegister(s.cfg.Collectors...)
	if s.cfg.Recorder != nil {
		reg.MustRegister(s.cfg.Recorder.Collectors()...)
	}
	if s.cfg.Gateway != nil {
		reg.MustRegister(s.cfg.Gateway.Collectors()...)
	}
	if s.cfg.Broadcaster != nil {
		reg.MustRegister(s.cfg.Broadcaster.Collectors()...)
	}
	return echo.WrapHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg}))
}
