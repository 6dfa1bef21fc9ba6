package bench

import (
	"fmt"
	"slices"
	"time"

	"tilemix/mcu/uplink"
	"tilemix/mixer/layout"
)

// scenario is a kind of call.
type scenario struct {
	Name         string
	about        string
	participants int
	viewers      int
	sample       int  // viewers that show whether the machine can hold all with pictures; 0: all have them
	relays       int  // servers beside the one that mixes, of which one is killed
	rooms        int  // 0 is 1
	video        bool // participants send pictures
	sound        bool
	cooperate    bool
	speakers     int
	rounds       int             // how often all join and leave, and what that leaves behind is what is measured
	storm        bool            // all join at once, and that is what is measured
	uneven       []time.Duration // how late pictures of the first cameras come at most; with it, the mix' quality is judged
	beside       bool            // then they are recorded, broadcast and pushed, which is measured against without
	contrast     *contrast       // what the call is measured without and with, in turn; nil: it is not
	views        int             // that the server may have; 0: as it likes
	changes      int             // of the last viewer's view, of which is measured how long they take
	slides       bool            // the first participant shares a screen, and has no camera
	viewersView  string          // what viewers see, from the beginning; "": the room's view
	needs        string
	judge        func(r *Result, other *Result) []Bar
}

// scenarios are all there are, in the order in which they run.
func scenarios() []scenario {
	return slices.Concat(conversations(), audiences(), moments(), contrasts(), drawings())
}

// conversations are calls in which most send.
func conversations() []scenario {
	return []scenario{
		{
			Name: "grid9", about: "9 cameras of 720p30 that do not cooperate", participants: 9,
			video: true, sound: true, speakers: 3,
			judge: func(r, _ *Result) []Bar {
				return append([]Bar{r.kept()}, r.floored(atMost("CPU / floor", "", r.Ratio, 1.25))...)
			},
		},
		{
			Name: "coop9", about: "the same, cooperating", participants: 9,
			video: true, sound: true, cooperate: true, speakers: 3, needs: "grid9",
			judge: func(r, grid9 *Result) []Bar {
				return []Bar{r.kept(), atMost("CPU / grid9", "", r.CPU/grid9.CPU, 0.4)}
			},
		},
		{
			Name: "grid4", about: "4 cameras that do not cooperate", participants: 4,
			video: true, sound: true, speakers: 3,
			judge: func(r, _ *Result) []Bar { return []Bar{r.kept()} },
		},
		{
			Name: "quality", about: "4 cameras that do not cooperate, two of them uneven: how true the mix is", participants: 4,
			video: true, sound: true, speakers: 3, uneven: []time.Duration{0, 0, 15 * time.Millisecond, 30 * time.Millisecond},
			judge: func(r, _ *Result) []Bar { return r.Quality.bars() },
		},
		{
			Name: "coop25", about: "25 cooperating cameras", participants: 25,
			video: true, sound: true, cooperate: true, speakers: 3, needs: "grid4",
			judge: func(r, grid4 *Result) []Bar {
				return []Bar{r.kept(), atMost("CPU / grid4", "", r.CPU/grid4.CPU, 1)}
			},
		},
		{
			Name: "large100", about: "100 cooperating cameras, 3 speak", participants: 100,
			video: true, sound: true, cooperate: true, speakers: 3,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					r.kept(), atMost("CPU a participant", "ms/s", r.PerParticipant, 12),
					atMost("gaps in the sound", "", float64(r.SoundGaps), 0),
				}
			},
		},
	}
}

// audiences are calls in which most only receive, and what a room has beside its call.
func audiences() []scenario {
	return []scenario{
		{
			Name: "audio300", about: "300 listeners, 3 speakers", participants: 303,
			sound: true, speakers: 3,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					atMost("CPU", "ms/s", r.CPU, 1000),
					atMost("gaps in the sound", "", float64(r.SoundGaps), 0),
				}
			},
		},
		{
			Name: "viewers100", about: "4 cameras, 100 viewers", participants: 4, viewers: 100,
			video: true, sound: true, speakers: 3,
			judge: func(r, _ *Result) []Bar {
				bars := []Bar{r.kept(), atMost("encodes a second", "", r.Encodes, frameRate*1.02)}
				return append(bars, r.floored(atMost("CPU a viewer", "ms/s", r.PerViewer, r.Floor.PerViewer))...)
			},
		},
		{
			Name: "viewers500", about: "4 cameras, 500 viewers, most without picture if the machine cannot hold them", participants: 4, viewers: 500, sample: 20,
			video: true, sound: true, speakers: 3,
			judge: func(r, _ *Result) []Bar {
				return []Bar{r.kept(), atMost("encodes a second", "", r.Encodes, frameRate*1.02)}
			},
		},
		{
			Name: "relays240", about: "1 camera, 240 viewers at the node that mixes and two relays, one of which is killed", participants: 1, viewers: 240,
			video: true, sound: true, speakers: 1, relays: 2,
			judge: func(r, _ *Result) []Bar { return append([]Bar{r.kept()}, r.Relays.bars()...) },
		},
		{
			Name: "beside", about: "4 cameras, recorded, broadcast and pushed three times", participants: 4,
			video: true, sound: true, speakers: 3, beside: true,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					r.kept(), atMost("CPU / without", "", r.CPU/r.Before, 1.05), atMost("encodes a second", "", r.Encodes, frameRate*1.02),
				}
			},
		},
	}
}

// moments measure lateness, joining, leaving and rest.
func moments() []scenario {
	return []scenario{
		{
			Name: "latency", about: "6 cameras of unrelated phases, 1 speaks", participants: 6,
			video: true, sound: true, cooperate: true, speakers: 1,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					atMost("picture p50", "ms", r.Picture.P50, 30), atMost("picture p95", "ms", r.Picture.P95, 50),
					atMost("speaker p50", "ms", r.Speaker.P50, 20), atMost("sound p50", "ms", r.Sound.P50, 40),
				}
			},
		},
		{
			Name: "join50", about: "50 join at once", participants: 50,
			video: true, sound: true, cooperate: true, speakers: 1, storm: true,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					atMost("join to picture p95", "ms", r.Join.P95, 300), atMost("IDRs a second", "", r.IDRs, 1),
				}
			},
		},
		{
			Name: "memory", about: "8 cameras join and leave, 20 times", participants: 8,
			video: true, sound: true, speakers: 1, rounds: 20,
			judge: func(r, _ *Result) []Bar {
				return []Bar{
					atMost("memory after the last round, more than after the second", "MiB", r.Memory.grown(), 15),
					atMost("memory 30 s after the last round, more than at the start", "MiB", r.Memory.kept(), 40),
				}
			},
		},
		{
			Name: "idle", about: "20 rooms in which nobody sends", participants: 20, rooms: 20,
			judge: func(r, _ *Result) []Bar {
				return []Bar{atMost("CPU ticks in 10 s", "", float64(r.Ticks)*10/r.Seconds, 0)}
			},
		},
	}
}

// wishes are what a server may ask a scenario's cameras for while the call fills.
func (s *scenario) wishes() []uplink.Constraints {
	if !s.video || !s.cooperate {
		return nil
	}
	var wishes []uplink.Constraints
	add := func(tiles []layout.Tile) {
		for _, t := range tiles {
			if w := uplink.For(t.Rect.Size(), frameRate); !slices.Contains(wishes, w) {
				wishes = append(wishes, w)
			}
		}
	}
	var who []layout.Source
	const most = 25 // tiles
	for n := range min(most, s.participants) {
		who = append(who, layout.Source{ID: layout.SourceID{Participant: fmt.Sprint(n)}})
		add(layout.Grid(filmSize, who))
	}
	if s.changes > 0 {
		for _, tiles := range quartetTiles(s.participants) {
			add(tiles)
		}
		who[0].Pinned, who[1].Pinned = true, true
		add(layout.Speaker(filmSize, who))
	}
	return wishes
}

// choose returns the scenarios of the given names, "all" for all, and before each
// the one that it is compared with.
func choose(names []string) ([]scenario, error) {
	all := scenarios()
	wanted := map[string]bool{}
	for _, name := range names {
		i := slices.IndexFunc(all, func(s scenario) bool { return s.Name == name })
		if i < 0 && name != "all" {
			return nil, fmt.Errorf("there is no scenario %q", name)
		}
		for j, s := range all {
			if i == j || name == "all" {
				wanted[s.Name], wanted[s.needs] = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(s scenario) bool { return !wanted[s.Name] }), nil
}

// jitter returns how late the pictures of a camera come at most.
func (s *scenario) jitter(camera int) time.Duration {
	if len(s.uneven) == 0 {
		return 0
	}
	return s.uneven[camera%len(s.uneven)]
}

// scale changes the number of participants, or of viewers or rounds where those are
// what it is about.
func (s *scenario) scale(n int) {
	switch {
	case n <= 0:
	case s.viewers > 0:
		s.viewers = n
	case s.rounds > 0:
		s.rounds = n
	default:
		s.participants = n
		if s.rooms > 0 {
			s.rooms = n
		}
	}
	s.speakers = min(s.speakers, max(0, s.participants+s.viewers-1))
}
