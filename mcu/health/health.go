// Package health judges how the picture of one camera comes, as its viewers would: good,
// weak, frozen or lost. Time is an argument.
//
//	pictures, gaps, presence ──▶ Health.Update ──▶ video.Status: sign on the tile, message "participants"
//
// A camera that is meant to send and brings no picture for pause (1.2 s) is frozen. The
// compositor dims its last picture and draws a sign. A camera with a low frame rate, such
// as a still screen, is frozen only after three times its usual interval.
//
// # Why
//
// A camera that should send and shows no picture for 1.2 s has its last picture dimmed and a
// sign beside the name. After 10 s the tile shows initials. A participant without a
// connection that may come back has "Reconnecting…" on the tile.
//
// A camera with a low frame rate is reported as frozen only after three times its usual frame
// interval. Pictures that come with unrepaired gaps are shown, with the sign. The sign goes
// one second after the last gap. A camera that is off, hidden or asked to send nothing is
// never reported. The sign is drawn when it changes and costs nothing in between.
package health

import (
	"time"

	"tilemix/mixer/video"
)

const (
	// pause (1.2 s) without a picture means frozen; a camera with few pictures a second
	// has three times its usual interval instead, up to maxPause. A camera that has
	// just got a tile, or has come back, has startPause.
	pause      = 1200 * time.Millisecond
	maxPause   = 4 * time.Second
	startPause = 3 * time.Second
	// recovery is how long pictures come without a pause until a camera is good again.
	recovery = time.Second
	// Gaps that were not repaired are counted once a second, and the older ones fade by
	// lossFade. A camera is weak from lossBad, which one gap a second reaches in two
	// seconds, and good again below lossGood.
	lossBad, lossGood, lossFade = 1.5, 0.5, 0.6
)

// Camera is where the pictures come from. Cameras are compared by identity.
type Camera interface {
	// Lost counts the gaps in what came that were not repaired.
	Lost() uint64
}

// Observation is what is known of a camera at one tick.
type Observation struct {
	Camera       Camera    // nil: there is none
	Expected     bool      // it is on and has a tile
	Fresh        bool      // a new picture came since the last tick
	Disconnected bool      // the participant's media connection is lost
	ControlLost  bool      // the participant's control connection is lost
	Awake        time.Time // since when the clock has ticked without a rest
}

// Health is how one participant's camera comes. It belongs to one goroutine, the picture
// clock. The zero value is ready and good.
type Health struct {
	line video.Status

	camera  Camera
	looked  time.Time
	began   time.Time     // the camera is to be seen since
	since   time.Time     // pictures of this camera are expected
	last    time.Time     // the newest picture came
	flowing time.Time     // the first picture came since the last pause
	usual   time.Duration // between two pictures

	counted time.Time // gaps were
	gaps    uint64
	loss    float64
}

// Began returns since when the camera is to be seen: pictures of before are outdated.
func (h *Health) Began() time.Time { return h.began }

// Update takes what is known at one tick and returns how the camera comes.
func (h *Health) Update(in Observation, now time.Time) video.Status {
	if !in.Expected || h.looked.Before(in.Awake) {
		h.began = now
	}
	if h.began.Equal(now) || in.Camera != h.camera {
		h.begin(in.Camera, now)
	}
	h.looked = now
	if in.Fresh {
		h.picture(now)
	}
	frozen := in.Expected && h.frozen(now)
	switch {
	case in.Disconnected || in.ControlLost && frozen:
		h.line = video.Disconnected
	case !in.Expected:
		h.line = video.OK
	case frozen, h.line >= video.Frozen && !h.last.After(h.flowing):
		h.line = video.Frozen
	case h.lossy(now), h.line != video.OK && now.Sub(h.flowing) < recovery:
		h.line = video.Degraded
	default:
		h.line = video.OK
	}
	return h.line
}

// begin expects pictures from now on.
func (h *Health) begin(camera Camera, now time.Time) {
	*h = Health{line: h.line, camera: camera, began: h.began, since: now, counted: now}
	if camera != nil {
		h.gaps = camera.Lost()
	}
}

// picture takes note of a picture.
func (h *Health) picture(now time.Time) {
	gap := now.Sub(h.last)
	if h.last.IsZero() || gap > h.pause()/2 {
		h.flowing = now
	}
	h.usual += (min(gap, time.Second) - h.usual) / 8
	h.last = now
}

func (h *Health) pause() time.Duration { return min(max(3*h.usual, pause), maxPause) }

func (h *Health) frozen(now time.Time) bool {
	if h.last.IsZero() {
		return now.Sub(h.since) > startPause
	}
	return now.Sub(h.last) > h.pause()
}

// lossy tells whether many gaps remain. It is called only while a camera is expected.
func (h *Health) lossy(now time.Time) bool {
	if now.Sub(h.counted) >= time.Second {
		gaps := h.camera.Lost()
		h.loss = h.loss*lossFade + float64(gaps-h.gaps)
		h.gaps, h.counted = gaps, now
	}
	return h.loss > lossBad || h.line != video.OK && h.loss > lossGood
}
