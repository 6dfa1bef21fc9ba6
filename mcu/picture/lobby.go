package picture

import (
	"image"
	"strconv"
	"time"

	"tilemix/mcu/scene"
	"tilemix/mixer/video"
)

// pleaseWait is what a lobby says to those who wait in it.
const pleaseWait = "Please wait. A host will let you in."

// lobby is the picture of those who wait to be let into a room. It changes with the queue and once
// a minute, and nothing is written anew before. It belongs to the picture clock.
type lobby struct {
	*video.Lobby
	of     *scene.Waiter // the queue's first, as it was written; nil: nobody
	length int
	minute int64 // since 1970, as it was written
	notice video.Notice
}

// newLobby returns the lobby of a room, nil for no room.
func newLobby(env Env, size image.Point) (*lobby, error) {
	if env.Lobby == "" {
		return nil, nil
	}
	l, err := video.NewLobby(size, env.Fonts.All)
	return &lobby{Lobby: l, notice: video.Notice{Title: env.Lobby, Message: pleaseWait}}, err
}

// compose draws a queue as it is at now, and tells whether that changed anything.
func (l *lobby) compose(queue []scene.Waiter, now time.Time) (changed bool) {
	var first *scene.Waiter
	if len(queue) > 0 {
		first = &queue[0]
	}
	minute := now.Unix() / 60
	// The queue of a scene never changes, so its place in memory names it.
	if l.of == first && l.length == len(queue) && l.minute == minute {
		return false
	}
	l.of, l.length, l.minute = first, len(queue), minute
	l.notice.Clock, l.notice.Queue = now.UTC().Format("15:04")+" UTC", l.notice.Queue[:0]
	for i := range queue {
		q := &queue[i]
		l.notice.Queue = append(l.notice.Queue, video.Queued{ID: q.ID, Name: q.Name, Waited: waitedFor(now.Sub(q.Since))})
	}
	return l.Draw(l.notice)
}

// waitedFor says for how long somebody has waited, in words.
func waitedFor(d time.Duration) string {
	if d < time.Minute {
		return "now"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min"
}
