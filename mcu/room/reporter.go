package room

import (
	"tilemix/mcu/ladder"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// reporter takes what the clocks found to the loop: scene.Reporter.
type reporter struct{ room *Room }

// report has the loop run f, unless it is too busy.
func (r reporter) report(f func(l *loop)) bool {
	select {
	case r.room.calls <- func() { f(r.room.loop) }:
		return true
	default:
		return false
	}
}

// FloorChanged is scene.Reporter's.
func (r reporter) FloorChanged(speaking []string, holder string) bool {
	return r.report(func(l *loop) {
		l.stage.speaking, l.stage.holder = speaking, holder
		l.publish()
	})
}

// RungChanged is scene.Reporter's.
func (r reporter) RungChanged(viewer string, rung ladder.Rung) bool {
	return r.report(func(l *loop) {
		if m := l.find(func(m *member) bool { return m.session.PublicID() == viewer }); m != nil {
			m.rung = &rung
			m.notifyRendition()
		}
	})
}

// HealthChanged is scene.Reporter's.
func (r reporter) HealthChanged(id layout.SourceID, health video.Status) bool {
	return r.report(func(l *loop) {
		if m := l.find(func(m *member) bool { return m.session.PublicID() == id.Participant }); m != nil {
			m.health = health
			l.publish()
		}
	})
}
