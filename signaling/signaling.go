package signaling

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// Server is what signaling needs of [mcu.Server].
type Server interface {
	Admits(room, name string) error
	CheckOffer(sdp string) error
	Join(mcu.JoinOptions) (*mcu.Participant, error)
	Resume(o mcu.JoinOptions, secret string) (who *mcu.Participant, line int, err error)
	Rooms() []mcu.RoomInfo
	ICEServers() []control.ICEServer
	Collectors() []prometheus.Collector
}

// Config is how the HTTP side behaves. Start from [Default].
type Config struct {
	MaxBody     int64         // bytes of the longest body and WebSocket message; longer ones are refused
	BodyTimeout time.Duration // a body that takes longer to arrive is refused
	Offer       time.Duration // an offer that takes longer to answer is refused
	Ping        time.Duration // between pings of a WebSocket; a pong may take as long
	Queue       int           // messages waiting for one WebSocket; more close it
	Rate        float64       // messages a second that one WebSocket may send; more of them wait
	Burst       int           // messages that may come at once before Rate applies

	Collectors  []prometheus.Collector // of what else the process does, for /metrics
	Gateway     Gateway                // nil: there are no outputs and inputs
	Recorder    Recorder               // nil: there are no recordings
	Broadcaster Broadcaster            // nil: there are no broadcasts
}

// Default is the configuration for production.
func Default() Config {
	return Config{
		MaxBody:     64 << 10,
		BodyTimeout: 10 * time.Second,
		Offer:       10 * time.Second,
		Ping:        15 * time.Second,
		Queue:       256,
		Rate:        20,
		Burst:       100,
	}
}

// site holds what the routes share. It is safe for concurrent use.
type site struct {
	srv      Server
	cfg      Config
	log      *slog.Logger
	sessions *sessions
	slow     prometheus.Counter
}

// New returns the whole HTTP side of srv. It starts nothing; goroutines live only
// as long as the requests and the WebSockets, which end when srv closes.
func New(srv Server, cfg Config, log *slog.Logger) http.Handler {
	s := &site{srv: srv, cfg: cfg, log: log, sessions: newSessions(), slow: newSlowCounter()}
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.HTTPErrorHandler = s.refuse
	e.Use(s.logged, s.punctual, secured, crossOrigin, s.recovered)
	s.routes(e)
	return e
}
