package bus

import (
	"fmt"
	"regexp"
)

// lines writes what NATS logs into the log of the server: the same line once a minute, and at level debug
// but for errors.
type lines struct{ bus *Bus }

// varying matches what differs between two lines about the same: numbers of connections and tries, and ports
// that clients have.
var varying = regexp.MustCompile(`rid:\d+|attempt \d+|:\d{4,5}\b|tid:\d+`)

func (l *lines) note(format string, v []any, wrong bool) {
	text := fmt.Sprintf(format, v...)
	if !wrong {
		l.bus.log.Debug("message bus", "said", text)
		return
	}
	if l.bus.once(varying.ReplaceAllString(text, "")) {
		l.bus.log.Warn("message bus of the cluster", "said", text)
	}
}

// Noticef is server.Logger's.
func (l *lines) Noticef(format string, v ...any) { l.note(format, v, false) }

// Warnf is server.Logger's.
func (l *lines) Warnf(format string, v ...any) { l.note(format, v, false) }

// Fatalf is server.Logger's. It does not end the process, because calls can go on without a bus.
func (l *lines) Fatalf(format string, v ...any) { l.note(format, v, true) }

// Errorf is server.Logger's.
func (l *lines) Errorf(format string, v ...any) { l.note(format, v, true) }

// Debugf is server.Logger's.
func (l *lines) Debugf(format string, v ...any) { l.note(format, v, false) }

// Tracef is server.Logger's.
func (l *lines) Tracef(format string, v ...any) { l.note(format, v, false) }
