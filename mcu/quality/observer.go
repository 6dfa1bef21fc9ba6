package quality

import (
	"time"

	"tilemix/mcu/ladder"
	"tilemix/mcu/stats"
)

// grace (3 s) is how long a camera that is to be seen may take to bring its first picture.
const grace = 3 * time.Second

// Observer keeps the statistics of one participant and judges them. It belongs to one goroutine, the
// loop of its room, and moves with the participant to another room's.
type Observer struct {
	Record *stats.Record
	Facts  stats.Facts
	Watch  Hysteresis

	client interface{ Read(*stats.Reading) } // its newest report; nil: it sends none

	window []stats.Moment
	found  []Finding

	seen  time.Time    // the camera is to be seen since; zero: it is not
	view  any          // that the participant has
	old   *ladder.Rung // of the view before
	last  *ladder.Rung
	full  int // greatest height of the view, in pixels
	moves int
}

// NewObserver returns the observer of a participant that has just come.
func NewObserver() *Observer {
	return &Observer{Record: stats.NewRecord(), window: make([]stats.Moment, 0, Window)}
}

// Hear takes a report of the participant's client, and what the client is.
func (o *Observer) Hear(report interface{ Read(*stats.Reading) }, browser, device string) {
	o.client, o.Facts.Browser, o.Facts.Device = report, browser, device
}

// Client writes the client's newest report into a reading.
func (o *Observer) Client(r *stats.Reading) {
	if o.client != nil {
		o.client.Read(r)
	}
}

// Learn takes facts about the media. What the client is stays as it was said.
func (o *Observer) Learn(f stats.Facts) {
	f.Browser, f.Device = o.Facts.Browser, o.Facts.Device
	o.Facts = f
}

// Add takes a reading, once a second, and returns how good the media is, and whether that is news.
func (o *Observer) Add(r *stats.Reading, now time.Time) (shown Finding, news bool) {
	o.Record.Add(now, r)
	o.window = o.Record.Newest(Window, o.window)
	o.found = Find(o.window, o.Facts)
	return o.Watch.Update(Worst(o.found), now)
}

// Expect writes whether the camera and the microphone are on. A camera counts once it has been on for
// a while.
func (o *Observer) Expect(r *stats.Reading, camera, microphone bool, now time.Time) {
	if !camera {
		o.seen = time.Time{}
	} else if o.seen.IsZero() {
		o.seen = now
	}
	r[stats.CameraOn], r[stats.MicOn] = share(camera && now.Sub(o.seen) >= grace), share(microphone)
}

// Connect writes whether the participant has a media connection.
func (o *Observer) Connect(r *stats.Reading, connected bool) { r[stats.Connected] = share(connected) }

// share is 1 for what is so.
func share(so bool) float64 {
	if so {
		return 1
	}
	return 0
}

// Receive writes which rendition of a view the participant has, nil for none yet, and how high the
// view's best was that it had. The views are compared.
func (o *Observer) Receive(r *stats.Reading, rung *ladder.Rung, view any) {
	if view != o.view {
		if o.view != nil {
			o.old = rung // it is told of the new view's soon
		}
		o.view, o.full = view, 0
	}
	if rung == nil || rung == o.old {
		return
	}
	if rung != o.last && o.last != nil {
		o.moves++
	}
	o.last, o.full = rung, max(o.full, rung.Size.Y)
	r[stats.DownHeight], r[stats.DownFull], r[stats.DownMoves] = float64(rung.Size.Y), float64(o.full), float64(o.moves)
}

// Account is what is known of the media of one participant.
type Account struct {
	ID      string  `json:"id"` // public
	Name    string  `json:"name"`
	Viewer  bool    `json:"viewer"`
	Quality Finding `json:"quality"`
	// Findings are all that is wrong, and notes.
	Findings []Finding `json:"findings"`
	stats.Facts
	Now     *stats.Moment `json:"now"`               // the last second; nil: nothing is known yet
	Seconds *stats.Series `json:"seconds,omitempty"` // of the last 10 min
	Tens    *stats.Series `json:"tens,omitempty"`    // of the last 2 h, 10 s each
}

// Account returns a copy of what is known, with what was before where history is wanted. The caller
// fills in whose it is.
func (o *Observer) Account(history bool) Account {
	r := Account{Facts: o.Facts, Quality: o.Watch.Shown(), Findings: append([]Finding{}, o.found...)}
	if newest := o.Record.Newest(1, nil); len(newest) > 0 {
		r.Now = &newest[0]
	}
	if history {
		fine, coarse := o.Record.History()
		r.Seconds, r.Tens = &fine, &coarse
	}
	return r
}
