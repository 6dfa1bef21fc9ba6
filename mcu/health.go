package mcu

import (
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/ingest"
	"tilemix/mixer/video"
)

const (
	// A camera that is meant to send and brings no picture for pause stands still; one
	// with few pictures a second, for three times of what is usual with it, up to
	// maxPause. Who has just got a tile or come back has startPause.
	pause      = 1200 * time.Millisecond
	maxPause   = 4 * time.Second
	startPause = 3 * time.Second
	// calm is how long pictures come without a pause before a line is good again.
	calm = time.Second
	// Gaps that were not repaired are counted once a second, and what was counted
	// before fades: a line is weak from lossBad, with one gap a second for two
	// seconds, and good again below lossGood.
	lossBad, lossGood, lossFade = 1.5, 0.5, 0.6
)

// health is what the picture clock knows of the way from a participant's camera.
type health struct {
	line video.Status
	told video.Status // what the loop was told, Still as Weak

	camera  *ingest.Video
	looked  time.Time
	began   time.Time     // he is to be seen since
	since   time.Time     // pictures of this camera are expected
	last    time.Time     // the newest picture came
	flowing time.Time     // the first picture came since the last pause
	usual   time.Duration // between two pictures

	counted time.Time // gaps were
	gaps    uint64
	loss    float64
}

// look finds out how a line is. fresh says that a picture has come; woke is when the
// clock began to tick.
func (h *health) look(s *seat, fresh bool, woke, now time.Time) video.Status {
	expected := s.video != nil && !s.cameraOff && !s.tile.Empty()
	if !expected || h.looked.Before(woke) {
		h.began = now
	}
	if h.began.Equal(now) || s.video != h.camera {
		h.begin(s.video, now)
	}
	h.looked = now
	if fresh {
		h.picture(now)
	}
	frozen := expected && h.frozen(now)
	switch {
	case s.lost || s.unheard && frozen:
		h.line = video.Disconnected
	case !expected:
		h.line = video.OK
	case frozen, h.line >= video.Frozen && !h.last.After(h.flowing):
		h.line = video.Frozen
	case h.lossy(now), h.line != video.OK && now.Sub(h.flowing) < calm:
		h.line = video.Degraded
	default:
		h.line = video.OK
	}
	return h.line
}

// begin expects pictures from now on.
func (h *health) begin(camera *ingest.Video, now time.Time) {
	*h = health{line: h.line, told: h.told, camera: camera, began: h.began, since: now, counted: now}
	if camera != nil {
		h.gaps = camera.Stats().Lost
	}
}

// picture takes note of a picture.
func (h *health) picture(now time.Time) {
	gap := now.Sub(h.last)
	if h.last.IsZero() || gap > h.pause()/2 {
		h.flowing = now
	}
	h.usual += (min(gap, time.Second) - h.usual) / 8
	h.last = now
}

func (h *health) pause() time.Duration { return min(max(3*h.usual, pause), maxPause) }

func (h *health) frozen(now time.Time) bool {
	if h.last.IsZero() {
		return now.Sub(h.since) > startPause
	}
	return now.Sub(h.last) > h.pause()
}

// lossy tells whether much is lost for good.
func (h *health) lossy(now time.Time) bool {
	if now.Sub(h.counted) >= time.Second {
		gaps := h.camera.Stats().Lost
		h.loss = h.loss*lossFade + float64(gaps-h.gaps)
		h.gaps, h.counted = gaps, now
	}
	return h.loss > lossBad || h.line != video.OK && h.loss > lossGood
}

// judge looks at a seat's line and has all told when it changes.
func (c *pictureClock) judge(s *seat, fresh bool, now time.Time) video.Status {
	h := &s.p.health
	line := h.look(s, fresh, c.woke, now)
	told := line
	if told == video.Frozen {
		told = video.Degraded
	}
	if told != h.told && c.room.lineChanged(s.p, told) {
		h.told = told
	}
	return line
}

// lineChanged has the loop tell all how somebody's line is. It returns false when the
// loop is too busy to be told now.
func (r *Room) lineChanged(p *Participant, line video.Status) bool {
	f := func() {
		p.uplink = line
		r.tellSoon(time.Now())
	}
	select {
	case r.calls <- f:
		return true
	default:
		return false
	}
}

// lineOf says how somebody's line is.
func lineOf(p *Participant) control.Line {
	switch {
	case p.seated && !p.connected || p.uplink == video.Disconnected:
		return control.LineLost
	case p.uplink != video.OK:
		return control.LineWeak
	}
	return ""
}
