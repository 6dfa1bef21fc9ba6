package logs_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/cmd/tilemix/logs"
)

// line returns what a log writes of a message, without the time.
func line(cfg logs.Config, args ...any) string {
	var out strings.Builder
	cfg.Level = slog.LevelInfo
	logs.New(cfg, &out).With("room", "demo").Info("joined", args...)
	_, rest, _ := strings.Cut(out.String(), "msg")
	return strings.TrimSpace(strings.TrimPrefix(rest, `":`))
}

// TestLog: durations have a unit in both formats, and a private log tells of nobody.
func TestLog(t *testing.T) {
	took := []any{"took", 1234567 * time.Nanosecond}
	private := new(atomic.Bool)
	private.Store(true)
	people := []any{
		"participant", "ABC", "name", "Ada", "from", "192.0.2.7", "agent", "Firefox",
		"reason", errors.New("dial udp 192.0.2.7:4000: no answer from [2001:db8::1]:9 at 12:30:01"), "at", netip.MustParseAddr("192.0.2.7"),
	}
	for _, test := range []struct {
		name string
		cfg  logs.Config
		args []any
		want string
	}{
		{"text", logs.Config{}, took, `=joined room=demo took=1.23ms`},
		{"JSON", logs.Config{JSON: true}, took, `"joined","room":"demo","took":"1.23ms"}`},
		{"open", logs.Config{}, people[:8], `=joined room=demo participant=ABC name=Ada from=192.0.2.7 agent=Firefox`},
		{"private", logs.Config{Private: private}, people, `=joined room=demo participant=ABC reason="dial udp -: no answer from [-]:9 at 12:30:01" at=-`},
	} {
		if got := line(test.cfg, test.args...); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestLevelChanges: a level that changes counts at once.
func TestLevelChanges(t *testing.T) {
	var out strings.Builder
	var level slog.LevelVar
	log := logs.New(logs.Config{Level: &level}, &out)
	log.Debug("one")
	level.Set(slog.LevelDebug)
	log.Debug("two")
	if got := out.String(); strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("the log has %q", got)
	}
}
