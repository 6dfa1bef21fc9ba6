package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"tilemix/cmd/tilemix/drain"
	"tilemix/cmd/tilemix/logs"
	"tilemix/cmd/tilemix/ready"
	"tilemix/cmd/tilemix/startup"
	"tilemix/mcu"
	"tilemix/mcu/record"
	"tilemix/signaling"
)

// operateSettings are the settings of those who run the server.
type operateSettings struct {
	LogLevel   string `reload:"now" enum:"debug,info,warn,error" default:"info" help:"Lowest level that is logged: debug, info, warn or error."`
	LogFormat  string `enum:"text,json" default:"text" help:"Format of the log, and of what the server says as it starts: text or json."`
	LogPrivacy bool   `reload:"now" name:"log-privacy" env:"TILEMIX_LOG_PRIVACY" help:"Leave names and addresses of clients out of the log."`

	KeepRecordings   natural   `reload:"now" default:"0" placeholder:"DAYS" help:"Days after its end for which a recording is kept. Then the server deletes it. 0 keeps all."`
	RecordingsSize   mebibytes `reload:"now" name:"max-recordings-size" env:"TILEMIX_MAX_RECORDINGS_SIZE" default:"0" placeholder:"MIB" help:"Most space of all recordings in MiB. With more, the server deletes the oldest that have ended. 0 is no limit."`
	RecordingsDryRun bool      `reload:"now" name:"recordings-dry-run" env:"TILEMIX_RECORDINGS_DRY_RUN" help:"Name in the log which recordings --keep-recordings and --max-recordings-size would delete, and delete none."`

	OTLPEndpoint string `name:"otlp-endpoint" env:"TILEMIX_OTLP_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Collector of OpenTelemetry that gets traces by OTLP over HTTP, such as http://localhost:4318. Without it nothing is traced."`
	OTLPHeaders  secret `name:"otlp-headers" env:"TILEMIX_OTLP_HEADERS,OTEL_EXPORTER_OTLP_HEADERS" placeholder:"LIST" help:"Headers of requests to --otlp-endpoint: NAME=VALUE, and further ones after commas. Put keys into the environment or the file, because all users of a machine see its flags."`

	DrainTimeout span `reload:"now" default:"0" placeholder:"TIME" help:"Time for calls to end after SIGTERM, such as 5m. The server takes no new rooms meanwhile, and tells participants. 0 stops at once."`
}

// knobs are settings of the process that may change while it runs. They are safe for concurrent use.
type knobs struct {
	level   slog.LevelVar
	private atomic.Bool
	within  atomic.Int64 // nanoseconds for a drain by SIGTERM; 0: none
}

func newKnobs(s *operateSettings) *knobs {
	k := new(knobs)
	k.set(s)
	return k
}

// set takes over what the settings say.
func (k *knobs) set(s *operateSettings) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the flag takes no other names
	k.level.Set(level)
	k.private.Store(s.LogPrivacy)
	k.within.Store(int64(s.DrainTimeout))
}

// log returns the log, whose level and privacy are those of the knobs.
func (s *operateSettings) log(out io.Writer, k *knobs) *slog.Logger {
	return logs.New(logs.Config{JSON: s.LogFormat == "json", Level: &k.level, Private: &k.private}, out)
}

// banner says where the server serves. The listener is that of HTTP; of metrics there may be none.
func (h *house) banner(s *settings, d *door, listener net.Listener, metrics *plainServer) startup.Banner {
	b := startup.Banner{
		URL: d.url, Build: startup.This(), TLS: s.TLS, Redirect: s.HTTPListen, Profiles: s.PProf,
		Listen: listener.Addr().String(), Config: s.Config, Data: s.DataDir, Hints: hints(s),
	}
	for _, ip := range s.PublicIPs {
		b.Public = append(b.Public, ip.Addr)
	}
	sockets, relay := h.rooms.Media()
	if b.Media = sockets; relay != nil {
		b.TURN = relay.Port()
	}
	if metrics != nil {
		b.Metrics = metrics.listener.Addr().String()
	}
	if path, err := filepath.Abs(s.DataDir); err == nil {
		b.Data = path
	}
	return b
}

// hints say what will not work as the settings are, and which setting changes that.
func hints(s *settings) (all []string) {
	if err := writable(s.DataDir); err != nil {
		all = append(all, fmt.Sprintf("Nothing can be recorded, because the data folder cannot be written (%v). Name another: --data-dir DIR.", err))
	}
	if s.TLS == "off" && len(s.TrustedProxies) == 0 {
		all = append(all, "Browsers give cameras to http://localhost only. For other devices: --tls self on a local network, --tls acme on the internet.")
	}
	if s.RTCPort == 0 && s.Port == 0 {
		all = append(all, "The port of media is another one at each start. A firewall needs a fixed one: --rtc-port PORT, or --port PORT for all.")
	}
	return all
}

// greet tells the operator where the server serves, in the format of the log.
func (s *operateSettings) greet(out io.Writer, d *door, b startup.Banner) error {
	if s.LogFormat == "json" {
		return b.WriteJSON(out)
	}
	if _, err := io.WriteString(out, d.greeting()); err != nil {
		return err
	}
	return b.WriteText(out)
}

// newDrain returns what ends the server by a deadline.
func newDrain(rooms *mcu.Server, m *member, log *slog.Logger) *drain.Drain {
	return drain.New(drain.Config{
		Tell: func(rest time.Duration) {
			if m.moves() && rest > 10*time.Second { // the rooms go on elsewhere
				rest = 0
			}
			rooms.Drain(rest)
		},
		Undone: rooms.Reopen,
		People: func() (n int) {
			for _, r := range rooms.Rooms() {
				n += r.Participants + r.Viewers
			}
			return n
		},
		Log: log,
	})
}

// conditions returns what says whether the server takes calls.
func conditions(s *settings, rooms *mcu.Server, d *drain.Drain) func() []signaling.Condition {
	cfg := ready.Config{
		Dir:     s.DataDir,
		Sockets: func() int { at, _ := rooms.Media(); return len(at) },
		Missed:  func() float64 { return ready.Sum("tilemix_missed_ticks_total", rooms.Collectors()) },
		Rooms:   func() int { return len(rooms.Rooms()) },
		Drain:   d.Err,
	}
	if s.AudioCodec == "aac" {
		cfg.FFmpeg = record.AACEncoder
	}
	watch := ready.New(cfg)
	return func() []signaling.Condition { return watch.Conditions(time.Now()) }
}

// alive tells whether the rooms answer, for the watchdog: their state is read under the lock that a
// server that hangs holds.
func (h *house) alive() bool {
	h.rooms.Rooms()
	return true
}

// runs is a function that is a runner.
type runs func(context.Context)

// Run runs the function until it returns.
func (r runs) Run(ctx context.Context) error {
	r(ctx)
	return nil
}
