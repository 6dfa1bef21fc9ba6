package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"

	"tilemix/cmd/tilemix/logs"
	"tilemix/cmd/tilemix/startup"
)

// operateSettings are the settings of those who run the server.
type operateSettings struct {
	LogLevel   string `enum:"debug,info,warn,error" default:"info" help:"Lowest level that is logged: debug, info, warn or error."`
	LogFormat  string `enum:"text,json" default:"text" help:"Format of the log, and of what the server says as it starts: text or json."`
	LogPrivacy bool   `name:"log-privacy" env:"TILEMIX_LOG_PRIVACY" help:"Leave names and addresses of clients out of the log."`
}

// level returns the level of the log.
func (s *operateSettings) level() (level slog.Level) {
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the flag takes no other names
	return level
}

// log returns the log, whose level may change.
func (s *operateSettings) log(out io.Writer, level slog.Leveler) *slog.Logger {
	return logs.New(logs.Config{JSON: s.LogFormat == "json", Level: level, Private: s.LogPrivacy}, out)
}

// banner says where the server serves. The listener is that of HTTP; of metrics there may be none.
func (h *house) banner(s *settings, d *door, listener net.Listener, metrics *plainServer) startup.Banner {
	b := startup.Banner{
		URL: d.url, Build: startup.This(), TLS: s.TLS, Redirect: s.HTTPListen, Profiles: s.PProf,
		Listen: listener.Addr().String(), Public: s.PublicIPs, Config: s.Config, Data: s.DataDir, Hints: hints(s),
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
	if s.RTCPort == 0 {
		all = append(all, "The port of media is another one at each start. A firewall needs a fixed one: --rtc-port PORT.")
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
