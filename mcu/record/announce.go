package record

import (
	"slices"
	"strings"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/journal"
	"tilemix/mcu/record/sidecar"
)

// announcer sends news of recordings to their rooms and to the outside. It is safe for concurrent use.
type announcer struct {
	room    func(name string) (handle, error)
	events  func(event.Event)                // nil: none are sent
	spans   func(event.Span)                 // nil: nobody traces
	running func(room string) []sidecar.Info // returns the recordings of a room that have not ended
	journal *journal.Journal                 // nil: nothing is kept
}

// ofRecording is the beginning of the keys of recordings in the journal.
const ofRecording = "recording/"

// report sends a recording's new state to both. again says that it was paused before.
func (a announcer) report(news sidecar.Info, again bool) {
	a.keep(news)
	a.tell(news)
	a.emit(news, again)
	if a.spans != nil && (news.State == sidecar.Finished || news.State == sidecar.Failed) {
		s := event.Span{Name: "recording", Request: news.Request, Room: news.Room, ID: news.ID, Begin: news.Started, End: news.Ended}
		if news.State == sidecar.Failed {
			s.Err = news.Reason
		}
		a.spans(s)
	}
}

// keep keeps that a recording runs, with what its next part needs.
func (a announcer) keep(news sidecar.Info) {
	switch {
	case a.journal == nil:
	case news.State.Ended():
		a.journal.Drop(ofRecording + news.ID)
	default:
		a.journal.Put(ofRecording+news.ID, sidecar.Info{
			ID: news.ID, Room: news.Room, State: news.State, Started: news.Started, Options: news.Options, Part: news.Part, Of: news.Of,
		})
	}
}

// emit sends the event of a recording's new state, if there is one.
func (a announcer) emit(news sidecar.Info, again bool) {
	if a.events == nil {
		return
	}
	kind := event.Type("")
	switch {
	case news.State == sidecar.Recording && !again:
		kind = event.RecordingStarted
	case news.State == sidecar.Finished:
		kind = event.RecordingFinished
	case news.State == sidecar.Failed:
		kind = event.RecordingFailed
	default:
		return
	}
	e := event.New(kind, news.Room)
	e.Recording = &event.Recording{ID: news.ID, Seconds: news.Length, Bytes: news.Size, Reason: news.Reason, Part: news.Part, Of: news.Of}
	a.events(e)
}

// tell sends a room the list of its running recordings, and the news of the one that changed.
func (a announcer) tell(news sidecar.Info) {
	all := []sidecar.Info{news}
	for _, i := range a.running(news.Room) {
		if i.ID != news.ID {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b sidecar.Info) int { return strings.Compare(a.ID, b.ID) })
	list := make([]control.Recording, len(all))
	for i, a := range all {
		list[i] = control.Recording{ID: a.ID, State: string(a.State), Reason: a.Reason, Part: a.Part}
	}
	if room, err := a.room(news.Room); err == nil {
		room.NotifyRecordings(list)
	}
}
